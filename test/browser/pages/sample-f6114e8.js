// Set the token before the first map, without the option accessToken, and set it again ahead of its end: maps take it up with their next request.
async function refresh() {
  const reply = await fetch(`${mintUrl}/tokens`, {method: "POST", body: "{}", headers: {authorization: `Bearer ${await userJwt()}`}});
  if (!reply.ok) return setTimeout(refresh, 1000 * (reply.headers.get("retry-after") ?? 30));
  const {token, expires_in} = await reply.json();
  mapboxgl.accessToken = token;
  setTimeout(refresh, 1000 * Math.max(30, expires_in - 300));
}
await refresh();
