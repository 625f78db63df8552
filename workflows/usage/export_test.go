package usage

// What the test environment does not pass on.
var (
	Options = options
	Mailing = mailing
)
