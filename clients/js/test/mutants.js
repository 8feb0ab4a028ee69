/**
 * Faults of comparable clients, put into this one. `scenario` is the row of clients/scenarios.json
 * that must fail with the fault. `from` stands in `file` exactly once.
 */
const core = (scenario, from, to) => ({file: "index.js", scenario, from, to});
const attempt = (scenario, from, to) => ({file: "lib/ask.js", scenario, from, to});

export const mutants = [
	core(
		"50 callers at once make 1 request",
		"isWanted() && !job && !refusal",
		"isWanted() && !refusal",
	),
	core(
		"20 callers after a 403 make 1 request",
		"!job && !refusal && since(asked)",
		"!job && since(asked)",
	),
	core("20 callers after a 403 make 1 request", "refusal ||\n\t\t\t\t(isOver", "(isOver"),
	core(
		"a refusal is not repeated, for a day",
		"if (isRefusal) refusal = failure;",
		"if (isRefusal) pause = 30 * SECOND;",
	),
	core("Retry-After is obeyed", "SECOND * (failure.retryAfter || 0) + backoff", "backoff"),
	core(
		"Retry-After is obeyed on wake-up and by new callers",
		"if (error && !error.status) pause",
		"if (error) pause",
	),
	core("another user does not wait after a bad reply", "(error)?.status > 400", "(error)?.status"),
	core(
		"another user does not wait after token_refused",
		"(error)?.status > 400",
		"(error)?.status",
	),
	core("a wake-up asks at once after a network error", "!error.status) pause = 0", "0) pause = 0"),
	core(
		"wake-ups do not hurry a mint that answers 503",
		"if (error && !error.status) pause",
		"if (error) pause",
	),
	core(
		"Retry-After of 40 days overflows nothing",
		"const delays = [LONGEST_TIMER];",
		"const delays = [2 ** 40];",
	),
	{
		file: "lib/clock.js",
		scenario: "after sleep the ended token is never handed out",
		from: "Math.max(performance.now() - monotonic, Date.now() - wall)",
		to: "performance.now() - monotonic + 0 * wall",
	},
	{
		file: "lib/clock.js",
		scenario: "the wall clock is set an hour back",
		from: "Math.max(performance.now() - monotonic, Date.now() - wall)",
		to: "Date.now() - wall + 0 * monotonic",
	},
	{
		file: "lib/clock.js",
		scenario: "the wall clock is set a year back",
		from: "Math.max(performance.now() - monotonic, Date.now() - wall)",
		to: "Date.now() - wall + 0 * monotonic",
	},
	{
		file: "lib/clock.js",
		scenario: "the wall clock is a year ahead",
		from: "Math.max(performance.now() - monotonic, Date.now() - wall)",
		to: "Date.now() - 1.8e12 + 0 * wall * monotonic",
	},
	attempt("expires_in is 40 days", " && seconds <= LONGEST_LIFE", ""),
	attempt(
		"a token that ends within seconds is replaced first",
		"life - Math.min(MARGIN, life / 10)",
		"life",
	),
	attempt("the last tenth of a short life is not used", "Math.min(MARGIN, life / 10)", "MARGIN"),
	attempt("a token that has ended when it arrives", " && since(sent) < usableLife(life)", ""),
	attempt("Age is subtracted", 'seconds - number("age")', "seconds"),
	core(
		"a listener asks for a token",
		"settleWaiters();\n\t\ttellListeners();",
		"if (look.isBusy) return;\nlook.isBusy = true;\nsettleWaiters();\ntellListeners();" +
			"\nlook.isBusy = false;",
	),
	core("a listener throws", "await notify(state);", "setTimeout(notify, 1);"),
	core("a mint that never answers", "since(job.start) >= timeout", "false"),
	core("a day with 500 wake-ups asks no more often", "if (error && !error.status) pause", "pause"),
	core("a day with 500 wake-ups asks no more often", "clearTimeout(timer);", ""),
	core("a renewal is between 70 and 80 % of the life", "0.7 + 0.1 *", "0.9 + 0.01 *"),
	core("renewals are spread", "0.7 + 0.1 * Math.random()", "0.75"),
	core("retries are spread", "SECOND + Math.random() * Math.min(", "SECOND + 0.5 * Math.min("),
	core(
		"a request that fails does not end the loop",
		'failure.code == "bad_url" ||',
		"!failure.status ||",
	),
	core("pauses grow to a minute", "2 ** failures++", "1"),
	core("pauses grow to a minute", "Math.min(MINUTE, 4 * SECOND", "(4 * SECOND"),
	core(
		"a renewal that fails: the old token is used until it ends",
		"drop();\n\t\terror = failure;",
		"drop();\n\t\ttoken = undefined;\n\t\terror = failure;",
	),
	core("get rejects after its wait with the last error as cause", "{cause: error}", "{}"),
	core("a reply after close", 'refusal = new TokenError("closed", "the source is closed");', ""),
	attempt(
		"authorization returns an empty string",
		'if (header && typeof header == "string") return header;',
		'if (typeof header == "string") return header;',
	),
	attempt(
		"403 with a message that is no string",
		'typeof value == "string" ? value : undefined',
		"value",
	),
	attempt("200 with a token and a parameter", "+$/.test(token)", "+/.test(token)"),
	attempt("url has a password", "[^@]+$", "[^]+$"),
	attempt("url has a space in its host", 'new URL(address, "http://page");', ""),
	attempt("url has a scheme in upper case", "+$/i.test", "+$/.test"),
	attempt(
		"authorization returns nothing",
		'if (header && typeof header == "string") return header;',
		"return String(header);",
	),
	attempt(
		"after a 401 authorization is asked once to refresh",
		"reply.status == 401 && !refresh",
		"false && !refresh",
	),
	attempt("a second 401 is a refusal", "reply.status == 401 && !refresh", "reply.status == 401"),
	core("another user after a refusal needs invalidate", "refusal = undefined;", ""),
	core(
		"another user while a request is under way",
		"drop();\n\t\t\tfailures = 0;",
		"failures = 0;",
	),
	core(
		"another user does not hurry a mint that said Retry-After",
		"if (!isTheirs) pause = 0;",
		"pause = 0;",
	),
	core(
		"an invalidated token is replaced",
		"token = undefined;\n\t\tlook();\n\t}\n\n\tfunction close",
		"look();\n\t}\n\n\tfunction close",
	),
	core("a token is invalidated once", "values[0] != token", "values[0] == 0"),
	core(
		"a mint that returns the invalidated token again",
		"if (invalidated.has(value)) {",
		"if (false) {",
	),
	core(
		"tokens that are invalidated one after the other",
		"invalidated.size && since(issued) < MINUTE",
		"false",
	),
];
