package main

import "strings"

// variables are the NAME=value lines that dev prints.
type variables []variable

type variable struct{ name, value string }

// variables returns the lines with which functions and people reach this backend. The value of a
// real parent token is not in them.
func (b *backend) variables(s *servers, mapboxURL string) variables {
	lines := variables{
		{"MINT_URL", s.mint.url()},
		{"TOKENS_API_URL", mapboxURL},
		{"AWS_ENDPOINT_URL_SECRETS_MANAGER", s.aws.url() + b.awsPath},
		{"PARENT_SECRET_ID", parentSecret},
		{"MAPBOX_USERNAME", b.user},
	}
	if b.sim != nil {
		lines = append(lines, variable{"MAPBOX_ACCESS_TOKEN", b.devToken.Reveal()})
	}
	return lines
}

func (v variables) String() string {
	var b strings.Builder
	for _, line := range v {
		b.WriteString(line.name + "=" + line.value + "\n")
	}
	return b.String()
}

// get returns the value of a variable, as [os.Getenv] does.
func (v variables) get(name string) string {
	for _, line := range v {
		if line.name == name {
			return line.value
		}
	}
	return ""
}
