package e2e_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/sim/mapbox"
	"github.com/tokenmint/tokenmint/internal/testkit/lambda"
)

// No failure of the functions puts a token into a log or a reply.
func TestFailuresShowNoToken(t *testing.T) {
	t.Parallel()
	mintFile, rotateFile := lambda.Build(t, "../..", "./functions/mint"), lambda.Build(t, "../..",
		"./functions/rotate")
	for name, prepare := range map[string]func(s *deployment){
		"no secret": func(*deployment) {},
		"no token": func(s *deployment) {
			const planted = "sk.eyJ1IjoiYWNtZSJ9.planted-signature-here"
			s.planted = append(s.planted, planted)
			value := secrets.NewValue("some text around " + planted)
			if err := s.secrets.Create(s.t.Context(), parentSecret, strings.Repeat("a", 32),
				value); err != nil {
				s.t.Fatal(err)
			}
		},
		"no tokens:write": func(s *deployment) {
			s.paste("styles:tiles", "styles:read", "fonts:read", "tokens:read")
		},
		"revoked": func(s *deployment) {
			s.paste()
			if err := s.sim.Revoke(user, s.current().ID); err != nil {
				s.t.Fatal(err)
			}
		},
		"401": func(
			s *deployment) {
			s.failing(mapbox.Fault{Kind: mapbox.Status, Status: 401})
		},
		"404": func(
			s *deployment) {
			s.failing(mapbox.Fault{Kind: mapbox.Status, Status: 404})
		},
		"422": func(
			s *deployment) {
			s.failing(mapbox.Fault{Kind: mapbox.Status, Status: 422})
		},
		"500": func(
			s *deployment) {
			s.failing(mapbox.Fault{Kind: mapbox.Status, Status: 500})
		},
		"HTML":        func(s *deployment) { s.failing(mapbox.Fault{Kind: mapbox.HTML}) },
		"half a body": func(s *deployment) { s.failing(mapbox.Fault{Kind: mapbox.HalfBody}) },
		"no answer":   func(s *deployment) { s.failing(mapbox.Fault{Kind: mapbox.NoAnswer}) },
		"lost answer": func(s *deployment) { s.failing(mapbox.Fault{Kind: mapbox.LostAnswer}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newDeployment(t)
			prepare(s)
			mint, rotate := lambda.Start(t, mintFile, s.env...), lambda.Start(t, rotateFile,
				s.env...)
			status, body := s.mint(mint, "mint-iam")
			if status < 400 {
				t.Errorf("mint: status %d", status)
			}
			reply := s.invoke(rotate, `{"action":"rotate","id":"x","force":true}`)
			if !reply.Failed {
				t.Error("rotate: Lambda is told of no failure")
			}
			s.noLeak(body, string(reply.Payload), mint.Log(), rotate.Log())
		})
	}
}

func TestWrongSettingStopsTheFunctionWithOneSentence(t *testing.T) {
	t.Parallel()
	const good = "PARENT_SECRET_ID=p AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=a " +
		"AWS_SECRET_ACCESS_KEY=b"
	for _, path := range []string{"./functions/mint", "./functions/rotate"} {
		file := lambda.Build(t, "../..", path)
		for _, tc := range []struct{ name, env string }{
			{"PARENT_SECRET_ID", "AWS_REGION=eu-west-1"},
			{"AWS_REGION", "PARENT_SECRET_ID=p"},
			{"AWS_ACCESS_KEY_ID", "PARENT_SECRET_ID=p AWS_REGION=eu-west-1"},
			{"LOG_LEVEL", good + " LOG_LEVEL=LOUD"},
			{"TOKENS_API_URL", good + " TOKENS_API_URL=api.mapbox.com"},
			{"TOKENS_API_URL", good + " TOKENS_API_URL=https://api.mapbox.com/?access_token=sk.x"},
			{"AWS_ENDPOINT_URL", good + " AWS_ENDPOINT_URL=localhost"},
			{"AWS_ENDPOINT_URL_SECRETS_MANAGER",
				good + " AWS_ENDPOINT_URL_SECRETS_MANAGER=ftp://x"},
		} {
			t.Run(tc.name, func(t *testing.T) {
				function := lambda.Start(t, file, strings.Fields(tc.env)...)
				select {
				case <-function.Exited():
				case <-time.After(10 * time.Second):
					t.Fatalf("%s with a wrong %s runs", path, tc.name)
				}
				if got := function.Log(); strings.Count(got, "\n") != 1 ||
					!strings.Contains(got, tc.name) || strings.Contains(got, "sk.x") {
					t.Errorf("%s with a wrong %s says: %s", path, tc.name, got)
				}
			})
		}
	}
}

func (s *deployment) failing(f mapbox.Fault) {
	s.paste()
	f.Hits = -1
	s.sim.Inject(f)
}
