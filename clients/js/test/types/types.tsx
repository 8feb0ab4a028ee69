/** Compiled, never run: the package's types against those of the map libraries. */
import * as maplibregl from "maplibre-gl";
import mapboxgl from "mapbox-gl";
import * as namespace from "mapbox-gl";
import * as esm from "mapbox-gl/esm";
import {useEffect, useState} from "react";
import MapboxMap from "react-map-gl/mapbox";
import MapLibreMap from "react-map-gl/maplibre";

import {createTokenSource, TokenError, type State, type TokenSource} from "tokenmint";
import {heal} from "tokenmint/heal";
import {useMapboxToken} from "tokenmint/react";

const source: TokenSource = createTokenSource({
	url: "https://mint.example/jwt/tokens",
	profile: "web-map",
	scopes: ["styles:read"],
	ttl: "15m",
	method: "POST",
	authorization: async ({refresh}) => `Bearer ${refresh ? "new" : "old"}`,
	credentials: "include",
	hosts: ["127.0.0.1:8788"],
	fetch: (url, init) => fetch(url, init),
	timeout: 20_000,
	wait: 60_000,
	onError: (error: TokenError) =>
		console.error(error.code, error.status, error.requestId, error.cause),
});
createTokenSource("https://mint.example/public/tokens/public-map");
createTokenSource({url: new URL("https://mint.example/tokens"), authorization: "Bearer x"});
// @ts-expect-error there is no source without a url
createTokenSource({profile: "web-map"});
// @ts-expect-error options are spelled as in the contract
createTokenSource({url: "/custom/tokens", timeOut: 1});

const detach: () => void = source.attach(mapboxgl);
source.attach(esm);
// @ts-expect-error a namespace is read-only
source.attach(namespace);

const map = new mapboxgl.Map({container: "map", transformRequest: source.transformRequest});
const stop: () => void = heal(map, source);
const libre = new maplibregl.Map({
	container: "map",
	style: "",
	transformRequest: source.transformRequest,
});
libre.setTransformRequest(source.transformRequest);
heal(libre, source);

const unsubscribe: () => void = source.subscribe((state: State) => {
	// @ts-expect-error a state never changes
	state.token = "tk.";
	if (state.status == "refused") console.error(state.error?.message);
});

export function Page() {
	const [, setState] = useState(source.state);
	useEffect(() => source.subscribe(setState), []);
	const token: string | undefined = useMapboxToken(source);
	if (!token) return <p>{source.state.status}</p>;
	return (
		<>
			<MapboxMap
				transformRequest={source.transformRequest}
				onLoad={({target}) => void heal(target, source)}
			/>
			<MapLibreMap
				transformRequest={source.transformRequest}
				onLoad={({target}) => void heal(target, source)}
			/>
		</>
	);
}

source.get({signal: new AbortController().signal}).then(
	(token: string) => token,
	(error: TokenError) => error,
);
source.invalidate("tk.");
source.invalidate();
source.wake();
source.close();
[detach, stop, unsubscribe].forEach((end) => end());
