/** Where tokens come from and how to ask for them. Only `url` is required. */
export interface TokenSourceOptions {
	/**
	 * The complete address of a route: `https://…/public/tokens/public-map`, or a path such as
	 * `/custom/tokens`.
	 */
	url: string | URL;
	/** The profile to use. POST only, as `scopes` and `ttl`. */
	profile?: string;
	/** Scopes of the token. Without them, all that the profile grants. */
	scopes?: readonly string[];
	/** Life of the token, such as `15m`. */
	ttl?: string;
	/** `GET` for `/public/tokens/`, else `POST`. */
	method?: "GET" | "POST";
	/**
	 * The header `Authorization`, such as `Bearer …`, or a function that returns it. `refresh` is
	 * true once after a 401: return a new one then.
	 */
	authorization?: string | ((asked: {refresh: boolean}) => string | Promise<string>);
	/** As of `fetch`: `include` sends a cookie to another origin. */
	credentials?: RequestCredentials;
	/** Hosts besides `*.mapbox.com` and `*.mapbox.cn` that get the token from `transformRequest`. */
	hosts?: readonly string[];
	/**
	 * Used instead of the global `fetch`, for example one that signs. It must not repeat a request
	 * itself.
	 */
	fetch?: (url: string, init: RequestInit) => Promise<Response>;
	/** How long one request may take, with its authorization, in milliseconds: 20,000. */
	timeout?: number;
	/** How long `get` waits for a token, in milliseconds: 60,000. */
	wait?: number;
	/** Gets each failure. Without it, the console shows the first of each code. */
	onError?: (error: TokenError) => void;
}

export interface TokenErrorDetails {
	name?: string;
	status?: number;
	requestId?: string;
	/** Seconds that the mint asked to wait. */
	retryAfter?: number;
	cause?: unknown;
}

export class TokenError extends Error {
	constructor(code: string, message: string, details?: TokenErrorDetails);
	/**
	 * A code of the mint, `http_` and a status, or a code of this package: docs/clients.md lists
	 * them.
	 */
	code: string;
	/** The status of the mint's reply, if there was a reply. */
	status?: number;
	/** The mint's id of the request, for its log. */
	requestId?: string;
	cause?: unknown;
}

/** What a source knows. It never changes: each change makes a new object. */
export interface State {
	readonly status: "idle" | "loading" | "ready" | "refused" | "offline" | "closed";
	readonly token: string | undefined;
	/** The last failure since the last success. */
	readonly error: TokenError | undefined;
}

/** What `attach` sets a token on: `mapboxgl`, or the namespace of `mapbox-gl/esm`. */
export type Attachable =
	| {
			accessToken?: string | null;
			version?: string;
	  }
	| {
			setAccessToken(token: string): void;
			version?: string;
	  };

/** All functions work without `this`. */
export interface TokenSource {
	/**
	 * Returns a token that is usable now. It rejects with a TokenError: at once after a refusal, and
	 * after `wait` with the last failure as `cause`. In Node a call that waits does not keep the
	 * process alive.
	 */
	get(options?: {signal?: AbortSignal}): Promise<string>;
	/**
	 * The last usable token; undefined before the first, and near the end of one that could not be
	 * renewed.
	 */
	readonly token: string | undefined;
	/** The same object until something changes. */
	readonly state: State;
	/**
	 * Calls `notify` after each change, and keeps a token ready. Returns a function that ends this.
	 */
	subscribe(notify: (state: State) => void): () => void;
	/** Sets `accessToken` now and at each renewal. Returns a function that ends this. */
	attach(mapboxgl: Attachable): () => void;
	/**
	 * The option of that name of mapbox-gl (from 3.26) and MapLibre: waits until a token is usable,
	 * however long that takes. It rejects after a refusal.
	 */
	transformRequest(url: string, resourceType?: string): Promise<{url: string}>;
	/**
	 * With a token that Mapbox has refused: replaces it, once. Without an argument: forgets token,
	 * refusal and the request under way, because the user has changed.
	 */
	invalidate(token?: string): void;
	/** Looks at once whether a request is due, for example when an app comes to the foreground. */
	wake(): void;
	/** Ends everything: no request, no token, no listener. */
	close(): void;
}

/**
 * Makes a source. It asks for nothing until somebody needs a token. A wrong `url` throws a
 * TokenError.
 */
export function createTokenSource(options: string | URL | TokenSourceOptions): TokenSource;
