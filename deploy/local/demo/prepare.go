package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"satchel/internal/devstack"
	"satchel/internal/schema"
)

// prepare makes the operator, the organizations and their members, whatever of
// them is missing, and writes fresh tokens into satchel.json. The subjects are
// roles at the local issuer, not people.
func prepare(ctx context.Context, path string) error {
	s, err := devstack.Read(path)
	if err != nil {
		return err
	}
	if err := schema.AddOperator(ctx, schema.Config{OwnerURL: s.Postgres}, s.Issuer, "operator"); err != nil {
		return err
	}
	if s.OperatorToken, err = s.Mint(ctx, "operator"); err != nil {
		return err
	}
	ids := filepath.Join(filepath.Dir(path), "data", "organizations.json")
	known := map[string]string{}
	if b, err := os.ReadFile(ids); err == nil {
		_ = json.Unmarshal(b, &known)
	}
	s.Organizations = nil
	for _, letter := range []string{"a", "b"} {
		org, err := prepareOrganization(ctx, s, letter, known[letter])
		if err != nil {
			return fmt.Errorf("organization %s: %w", letter, err)
		}
		known[letter] = org.ID
		s.Organizations = append(s.Organizations, org)
	}
	if err := write(ids, known); err != nil {
		return err
	}
	return addTokens(path, s)
}

func prepareOrganization(ctx context.Context, s *devstack.Stack, letter, id string) (devstack.Organization, error) {
	org := devstack.Organization{ID: id, Name: "Demo School " + strings.ToUpper(letter)}
	var err error
	if org.ID == "" {
		if org.ID, err = s.Provision(ctx, "demo-"+letter, org.Name); err != nil {
			return org, fmt.Errorf("create: %w", err)
		}
	}
	owner, err := s.Member(ctx, org.ID, "owner-"+letter, "owner")
	if err != nil {
		return org, err
	}
	if err := devstack.OwnWebhooks(ctx, owner, org.ID); err != nil {
		return org, err
	}
	student, err := s.Member(ctx, org.ID, "student-"+letter, "student")
	if err != nil {
		return org, err
	}
	teacher, err := s.Member(ctx, org.ID, "teacher-"+letter, "teacher")
	if err != nil {
		return org, err
	}
	org.OwnerToken, org.TeacherToken, org.StudentToken = owner.Token, teacher.Token, student.Token
	return org, nil
}

// addTokens adds the tokens of this program to satchel.json and leaves the rest
// unchanged.
func addTokens(path string, s *devstack.Stack) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	all := map[string]any{}
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	all["operator_token"], all["organizations"] = s.OperatorToken, s.Organizations
	return write(path, all)
}

// write replaces a file in one step: anyone who reads it sees the old one or the
// new one. It holds tokens, so only its owner may read it.
func write(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
