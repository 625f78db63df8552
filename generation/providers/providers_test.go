package providers_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"satchel/generation/providers"
)

func config(change func(*providers.Config)) providers.Config {
	c := providers.Config{OpenAIURL: "https://models.example/v1", OpenAIModel: "m", OpenAICompany: "Company", OpenAICountry: "DE", OpenAINoTraining: true, OpenAIInput: 3, OpenAIOutput: 15,
		Currency: "EUR", JobCap: 10, DayCap: 20, MonthCap: 30}
	change(&c)
	return c
}

// TestHalfASettingIsRefused: a model of which an operator said half is not on the list.
func TestHalfASettingIsRefused(t *testing.T) {
	t.Parallel()
	l, err := providers.New(config(func(*providers.Config) {}))
	require.NoError(t, err)
	require.Len(t, l.All(), 2)
	p, err := l.Get(providers.OpenAI)
	require.NoError(t, err)
	require.True(t, p.Outside)
	_, err = l.Get(providers.Anthropic)
	require.ErrorIs(t, err, providers.ErrUnknown)
	for what, change := range map[string]func(*providers.Config){
		"NO_TRAINING": func(c *providers.Config) { c.OpenAINoTraining = false }, "COMPANY": func(c *providers.Config) { c.OpenAICompany = "" }, "COUNTRY": func(c *providers.Config) { c.OpenAICountry = "" },
		"NAME": func(c *providers.Config) { c.OpenAIModel = "" }, "URL is no address": func(c *providers.Config) { c.OpenAIURL = "models.example" }, "in the open": func(c *providers.Config) { c.OpenAIURL = "http://models.example" },
		"PRICE": func(c *providers.Config) { c.OpenAIInput = -1 }, "CURRENCY": func(c *providers.Config) { c.Currency = "" }, "cap": func(c *providers.Config) { c.DayCap = -1 },
	} {
		_, err := providers.New(config(change))
		require.ErrorContains(t, err, what)
	}
	for _, change := range []func(*providers.Config){func(c *providers.Config) { c.OpenAIURL = "http://127.0.0.1:11434/v1" }, func(c *providers.Config) { c.OpenAIURL, c.PlainHTTP = "http://models.school.internal", true }} {
		_, err := providers.New(config(change))
		require.NoError(t, err)
	}
}

// TestCostsAreRoundedUp and never below zero, whatever is counted.
func TestCostsAreRoundedUp(t *testing.T) {
	t.Parallel()
	p := providers.Price{Input: 3_000_000, Output: 15_000_000}
	require.EqualValues(t, 3*100+15*50, p.Cost(100, 50))
	require.EqualValues(t, 1, providers.Price{Input: 1}.Cost(1, 0))
	require.Zero(t, p.Cost(0, -5))
	require.EqualValues(t, 3*34+15*10, p.Worst(100, 10))
	rapid.Check(t, func(t *rapid.T) {
		price := providers.Price{Input: rapid.Int64().Draw(t, "input"), Output: rapid.Int64().Draw(t, "output")}
		a, b := rapid.Int64Range(0, math.MaxInt64-1).Draw(t, "a"), rapid.Int64().Draw(t, "b")
		cost := price.Cost(a, b)
		if cost < 0 || price.Cost(a+1, b) < cost {
			t.Fatalf("%d", cost)
		}
	})
}

// TestTheStricterCapCounts of the platform's and the organization's.
func TestTheStricterCapCounts(t *testing.T) {
	t.Parallel()
	l, err := providers.New(config(func(*providers.Config) {}))
	require.NoError(t, err)
	less, more := int64(5), int64(500)
	require.Equal(t, providers.Caps{Job: 5, Day: 20, Month: 30}, l.Caps(&less, &more, nil))
}
