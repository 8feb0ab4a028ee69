package config_test

import (
	"testing"

	"github.com/tokenmint/tokenmint/config"
)

func TestPatternMatchesTheWhole(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		pattern, text string
		want          bool
	}{
		{"arn:aws:iam::*:role/web-*", "arn:aws:iam::123456789012:role/web-app", true},
		{"arn:aws:iam::*:role/web-*", "arn:aws:iam::123456789012:role/web-", true},
		{"arn:aws:iam::*:role/web-*", "arn:aws:iam::123456789012:role/path/web-app", false},
		{"arn:aws:iam::*:role/web-*", "arn:aws:iam::123456789012:role/web-app/more", false},
		{"arn:aws:iam::*:role/web-*", "arn:aws:iam::123456789012:user/x:role/web-app", false},
		{"arn:aws:iam::*:role/web-*", "xarn:aws:iam::123456789012:role/web-app", false},
		{"arn:aws:iam::*:role/web-*", "arn:aws:iam::123456789012:role/Web-app", false},
		{"arn:aws:iam::123456789012:role/a", "arn:aws:iam::123456789012:role/a", true},
		{"arn:aws:iam::123456789012:role/a", "", false},
		{"arn:aws:iam::123456789012:role/a?", "arn:aws:iam::123456789012:role/abc", false},
		{"arn:aws:iam::*:role/a", "arn:aws-us-gov:iam::123456789012:role/a", false},
		{"arn:*:iam::*:role/a", "arn:aws-us-gov:iam::123456789012:role/a", true},
		{"arn:*:iam::*:role/a", "arn:aws-cn:iam::123456789012:role/a", true},
		{"arn:*:iam::*:role/a", "arn:aws:x:iam::123456789012:role/a", false},
		{"arn:*:iam::*:user/team/*", "arn:aws:iam::123456789012:user/team/ann", true},
		{"arn:*:iam::*:user/*", "arn:aws:iam::123456789012:user/team/ann", false},
	} {
		t.Run(tc.pattern+" and "+tc.text, func(t *testing.T) {
			pattern, err := config.ParseARNPattern(tc.pattern)
			if err != nil {
				t.Fatal(err)
			}
			if got := pattern.Match(tc.text); got != tc.want {
				t.Errorf("%s matches %q: %t", pattern, tc.text, got)
			}
		})
	}
}
