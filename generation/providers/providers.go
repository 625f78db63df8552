// Package providers says who may make documents: the rules of this platform, which send
// nothing anywhere, and the models that an operator has set up. What is listed here with
// a company is the list of subprocessors for generation: a model that is not on it is not
// asked.
package providers

import (
	"fmt"
	"math/bits"
	"net/url"

	"satchel/generation/extractive"
	"satchel/internal/fault"
)

// The names of providers, as rows and policies have them.
const (
	Extractive = extractive.Name
	OpenAI     = "openai"    // chat completions: OpenAI and every server that speaks it
	Anthropic  = "anthropic" // messages
)

// Names lists every provider that a policy may name.
var Names = []string{Extractive, OpenAI, Anthropic}

// Config is what an operator says about models, without their keys.
type Config struct {
	OpenAIURL        string `env:"SATCHEL_MODEL_OPENAI_URL"`                                // base address of a server of chat completions, such as https://models.example/v1; empty: there is none
	OpenAIModel      string `env:"SATCHEL_MODEL_OPENAI_NAME"`                               // name of its model
	OpenAICompany    string `env:"SATCHEL_MODEL_OPENAI_COMPANY"`                            // who runs it, as the list of subprocessors names them
	OpenAICountry    string `env:"SATCHEL_MODEL_OPENAI_COUNTRY"`                            // in which country
	OpenAINoTraining bool   `env:"SATCHEL_MODEL_OPENAI_NO_TRAINING" envDefault:"false"`     // the terms with that company say that it trains no model on what it is sent; without it the model is not asked
	OpenAIInput      int64  `env:"SATCHEL_MODEL_OPENAI_INPUT_PRICE" envDefault:"0"`         // price of a million tokens of a prompt, in millionths of the unit of money
	OpenAIOutput     int64  `env:"SATCHEL_MODEL_OPENAI_OUTPUT_PRICE" envDefault:"0"`        // price of a million tokens of an answer
	OpenAIOldLimit   bool   `env:"SATCHEL_MODEL_OPENAI_OLD_TOKEN_LIMIT" envDefault:"false"` // the server knows max_tokens only, as some that run at a school do

	AnthropicURL        string `env:"SATCHEL_MODEL_ANTHROPIC_URL"`                            // base address of a server of Anthropic's messages; empty: there is none
	AnthropicModel      string `env:"SATCHEL_MODEL_ANTHROPIC_NAME"`                           // name of its model
	AnthropicCompany    string `env:"SATCHEL_MODEL_ANTHROPIC_COMPANY"`                        // who runs it, as the list of subprocessors names them
	AnthropicCountry    string `env:"SATCHEL_MODEL_ANTHROPIC_COUNTRY"`                        // in which country
	AnthropicNoTraining bool   `env:"SATCHEL_MODEL_ANTHROPIC_NO_TRAINING" envDefault:"false"` // the terms with that company say that it trains no model on what it is sent; without it the model is not asked
	AnthropicInput      int64  `env:"SATCHEL_MODEL_ANTHROPIC_INPUT_PRICE" envDefault:"0"`     // price of a million tokens of a prompt, in millionths of the unit of money
	AnthropicOutput     int64  `env:"SATCHEL_MODEL_ANTHROPIC_OUTPUT_PRICE" envDefault:"0"`    // price of a million tokens of an answer

	Currency  string `env:"SATCHEL_GENERATION_CURRENCY" envDefault:"EUR"`       // unit of money of prices and caps, as ISO 4217 names it
	JobCap    int64  `env:"SATCHEL_GENERATION_JOB_CAP" envDefault:"1000000"`    // most that one generation may cost, in millionths of the unit of money; an owner may set less
	DayCap    int64  `env:"SATCHEL_GENERATION_DAY_CAP" envDefault:"5000000"`    // most that an organization may spend in a day (UTC)
	MonthCap  int64  `env:"SATCHEL_GENERATION_MONTH_CAP" envDefault:"50000000"` // most that an organization may spend in a month (UTC)
	PlainHTTP bool   `env:"SATCHEL_MODEL_PLAIN_HTTP" envDefault:"false"`        // models may be asked over plain http on another host than this one, such as in a school's own network
}

// Provider is one of them.
type Provider struct {
	Name, Model string
	// Outside says that the text leaves the platform; then Company and Country say to whom.
	Outside          bool
	Company, Country string
	Price            Price
	URL              string
	OldLimit         bool
}

// Price is what a million tokens cost, in millionths of the unit of money.
type Price struct{ Input, Output int64 }

// Cost is what so many tokens cost, rounded up.
func (p Price) Cost(input, output int64) int64 { return of(input, p.Input) + of(output, p.Output) }

// of multiplies without an overflow; what no sum can hold is the largest one.
func of(tokens, price int64) int64 {
	const million, largest = 1_000_000, 1 << 60
	if tokens <= 0 || price <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(tokens), uint64(price))
	if high >= million {
		return largest
	}
	cost, rest := bits.Div64(high, low, million)
	if rest > 0 {
		cost++
	}
	return int64(min(cost, largest))
}

// Worst is the most that a call can cost: its bytes by three as tokens, and all the room
// for the answer.
func (p Price) Worst(promptBytes, maxTokens int) int64 {
	return p.Cost(int64(promptBytes+2)/3, int64(maxTokens))
}

// List is the providers that are set up.
type List struct {
	Currency                 string
	JobCap, DayCap, MonthCap int64
	all                      []Provider
}

// New makes the list. It refuses a model of which an operator said half.
func New(c Config) (*List, error) {
	l := &List{Currency: c.Currency, JobCap: c.JobCap, DayCap: c.DayCap, MonthCap: c.MonthCap, all: []Provider{{Name: Extractive}}}
	if len(c.Currency) != 3 || c.JobCap < 0 || c.DayCap < 0 || c.MonthCap < 0 {
		return nil, fmt.Errorf("SATCHEL_GENERATION_CURRENCY has three letters, and no cap is negative")
	}
	for _, m := range []struct {
		Provider
		training bool
		setting  string
	}{
		{Provider{Name: OpenAI, Model: c.OpenAIModel, Company: c.OpenAICompany, Country: c.OpenAICountry, Price: Price{c.OpenAIInput, c.OpenAIOutput}, URL: c.OpenAIURL, OldLimit: c.OpenAIOldLimit}, !c.OpenAINoTraining, "SATCHEL_MODEL_OPENAI_"},
		{Provider{Name: Anthropic, Model: c.AnthropicModel, Company: c.AnthropicCompany, Country: c.AnthropicCountry, Price: Price{c.AnthropicInput, c.AnthropicOutput}, URL: c.AnthropicURL}, !c.AnthropicNoTraining, "SATCHEL_MODEL_ANTHROPIC_"},
	} {
		if m.URL == "" {
			continue
		}
		u, err := url.Parse(m.URL)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil:
			return nil, fmt.Errorf("%sURL is no address of a server", m.setting)
		case u.Scheme == "http" && !c.PlainHTTP && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" && u.Hostname() != "localhost":
			return nil, fmt.Errorf("%sURL would send texts and the key in the open; use https, or allow it with SATCHEL_MODEL_PLAIN_HTTP", m.setting)
		case m.Model == "" || m.Company == "" || m.Country == "":
			return nil, fmt.Errorf("%sNAME, %sCOMPANY and %sCOUNTRY say which model is asked and who is told; set them", m.setting, m.setting, m.setting)
		case m.training:
			return nil, fmt.Errorf("%sNO_TRAINING is not set: a provider that trains on what it is sent is not asked", m.setting)
		case m.Price.Input < 0 || m.Price.Output < 0:
			return nil, fmt.Errorf("%sINPUT_PRICE and %sOUTPUT_PRICE are not negative", m.setting, m.setting)
		}
		m.Outside = true
		l.all = append(l.all, m.Provider)
	}
	return l, nil
}

// All lists those that are set up.
func (l *List) All() []Provider { return l.all }

// ErrUnknown refuses a provider that this platform does not have.
var ErrUnknown = fault.New(fault.Invalid, "unknown_provider", "This service has no such provider. GET /api/v1/generation/providers lists those that it has.")

// Get finds one.
func (l *List) Get(name string) (Provider, error) {
	for _, p := range l.all {
		if p.Name == name {
			return p, nil
		}
	}
	return Provider{}, ErrUnknown
}

// Caps are the bounds of an organization: its own where they are lower.
type Caps struct{ Job, Day, Month int64 }

// Caps gives those of an organization.
func (l *List) Caps(job, day, month *int64) Caps {
	return Caps{lower(l.JobCap, job), lower(l.DayCap, day), lower(l.MonthCap, month)}
}

func lower(platform int64, own *int64) int64 {
	if own == nil {
		return platform
	}
	return min(platform, *own)
}
