package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/tokenmint/tokenmint/pkg/tokens"
)

func TestHash(t *testing.T) {
	t.Parallel()
	const token = "tk.eyJ1IjoiZGV2In0." + "SENTINEL-sentinel_12345"
	want := tokens.NewToken(token).Hash() + "\n"
	for name, tc := range map[string]struct{ given, out, err string }{
		"bare":            {token, want, ""},
		"a line":          {token + "\n", want, ""},
		"of Windows":      {token + "\r\n", want, ""},
		"nothing":         {"", "", "empty"},
		"a blank line":    {" \n", "", "empty"},
		"quoted":          {`"` + token + `"` + "\n", "", "quoted"},
		"in ticks":        {"'" + token + "'", "", "quoted"},
		"in fancy quotes": {"“" + token + "”", "", "quoted"},
		"two":             {token + "\n" + token + "\n", "", "give the token alone"},
		"with a blank":    {token + " \n", "", "give the token alone"},
		"a header":        {"Bearer " + token, "", "give the token alone"},
		"an assignment":   {"TOKEN=" + token, "", "no Mapbox token"},
		"no token":        {"hunter2", "", "no Mapbox token"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := hashToken(t.Context(), strings.NewReader(tc.given), &out, &out)
			if out.String() != tc.out || (err != nil) != (tc.err != "") ||
				err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: %q, %v", name, out.String(), err)
			}
			if err != nil && strings.Contains(err.Error(), "SENTINEL") {
				t.Errorf("%s: the error shows the token", name)
			}
		})
	}
}
