package secrets_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

var one, two = secrets.NewValue("SENTINEL-1"), secrets.NewValue("SENTINEL-2")

// A value never prints its text, neither alone nor inside other types.
func TestValueRedacts(t *testing.T) {
	t.Parallel()
	type holder struct{ hidden secrets.Value }
	type nested struct{ deep holder }
	holders := map[string]any{
		"bare":            one,
		"pointer":         &one,
		"slice":           []secrets.Value{one},
		"map":             map[secrets.Value]secrets.Value{one: one},
		"version":         secrets.Version{ID: rotation, Value: one},
		"error":           fmt.Errorf("value %v", one),
		"unexported":      holder{one},
		"pointer to such": &holder{one},
		"two levels":      nested{holder{one}},
		"in an interface": []any{holder{one}, &holder{one}},
	}
	for title, held := range holders {
		t.Run(title, func(t *testing.T) {
			var out strings.Builder
			for verb := '!'; verb <= '~'; verb++ {
				for _, flags := range []string{"", "+", "#", "-", " ", "0", "+#", "40", ".40"} {
					fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", held)
				}
			}
			logs := bytes.Buffer{}
			slog.New(slog.NewTextHandler(&logs, nil)).Info("m", "held", held)
			slog.New(slog.NewJSONHandler(&logs, nil)).Info("m", "held", held)
			out.Write(logs.Bytes())
			inJSON, _ := json.Marshal(held) // a type that cannot be encoded leaks nothing
			inXML, _ := xml.Marshal(held)
			out.Write(append(inJSON, inXML...))
			text := strings.ToUpper(out.String())
			if strings.Contains(text, "SENTINEL") ||
				strings.Contains(text, fmt.Sprintf("%X", "SENTINEL")) {
				t.Errorf("%s: the output contains the value", title)
			}
		})
	}
	if got := fmt.Sprintf("%s %+v %q", one, one, one); got != "[redacted] [redacted] [redacted]" {
		t.Errorf("a value prints as %s", got)
	}
	if data, err := json.Marshal(secrets.Version{Value: one}); err != nil ||
		!strings.Contains(string(data), `"Value":"[redacted]"`) {
		t.Errorf("a version in JSON is %s, %v", data, err)
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	if one.Reveal() != "SENTINEL-1" || one.IsZero() || one != secrets.NewValue("SENTINEL-1") ||
		one == two {
		t.Error("a value does not keep its text")
	}
	if empty := secrets.NewValue(""); !empty.IsZero() || empty.Reveal() != "" ||
		empty != (secrets.Value{}) {
		t.Error("empty text is not the zero value")
	}
}
