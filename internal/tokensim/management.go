package tokensim

import "net/http"

// Management serves /_sim/.
func (s *Simulator) Management() http.Handler {
	mux := http.NewServeMux()
	return mux
}
