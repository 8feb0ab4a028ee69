package tokens

// Auth says with which token, and for which account, a call is made. Both fields are required. An
// Auth may be printed: its token redacts itself.
type Auth struct {
	Token    Token  // authorizes the call; each method names the scope that the token needs
	Username string // the account's user name, as in the token's claim User
}
