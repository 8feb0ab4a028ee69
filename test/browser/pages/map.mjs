// One way to use a token, in a frame. The address says which.
const query = new URLSearchParams(location.search);
const account = query.get("account");
const mint = `${location.origin}/${account}`;
const count = Number(query.get("maps") ?? 1);
Object.assign(lab, {maps: [], errors: []});

const title = document.createElement("p");
title.textContent = {sample: "sample of f6114e8", attach: "attach", gate: "attach and gate"}[
  account
];
document.body.append(title);
document.body.classList.toggle("four", count > 1);
const boxes = Array.from({length: count}, () => {
  const box = document.createElement("div");
  box.className = "map missing"; // until there is a map
  document.body.append(box);
  return box;
});

function draw(options) {
  for (const container of boxes) {
    container.classList.remove("missing");
    const map = new mapboxgl.Map({
      container,
      style: `mapbox://styles/${account}/streets`,
      center: [13.4, 52.5],
      zoom: 11,
      fadeDuration: 0,
      attributionControl: false,
      ...options,
    });
    map.on("error", ({error}) => lab.errors.push(String(error?.message ?? error)));
    lab.maps.push(map);
  }
}

// sample runs the sample as printed. Its tokens live an hour, and it knows no other length, so its
// time runs faster: what the mint calls `life` seconds is an hour for the sample.
async function sample() {
  const life = Number(query.get("life"));
  const scaled = async (url, options) => {
    const reply = await fetch(url, options);
    const after = reply.headers.get("retry-after");
    return {
      ok: reply.ok,
      headers: new Headers(after ? {"retry-after": String((after * 3600) / life)} : {}),
      json: async () => ({...(await reply.json()), expires_in: 3600}),
    };
  };
  const text = await (await fetch("sample-f6114e8.js")).text();
  const AsyncFunction = (async () => {}).constructor;
  await new AsyncFunction("mapboxgl", "mintUrl", "userJwt", "setTimeout", "fetch", text)(
    mapboxgl,
    mint,
    async () => "jwt",
    (run, ms) => setTimeout(run, (ms * life) / 3600),
    scaled,
  );
  draw({});
}

async function client() {
  const {createTokenSource} = await import("tokenmint");
  const source = createTokenSource({
    url: `${mint}/tokens`,
    timeout: Number(query.get("timeout") ?? 20_000),
    onError: (e) => lab.errors.push(String(e)),
  });
  source.attach(mapboxgl);
  lab.source = source;
  if (account === "attach") {
    await source.get();
    draw({});
  } else {
    draw({transformRequest: source.transformRequest});
  }
  if (query.has("heal")) {
    const {heal} = await import("tokenmint/heal");
    for (const map of lab.maps) heal(map, source);
  }
}

(account === "sample" ? sample : client)().catch((e) => lab.errors.push(String(e)));

// pan moves to places that were never seen, until stop.
lab.pan = () => {
  lab.timer ??= setInterval(
    () => lab.maps.forEach((map) => map.panBy([90, 0], {animate: false})),
    250,
  );
};
lab.stop = () => {
  clearInterval(lab.timer);
  lab.timer = undefined;
};
lab.idle = () =>
  lab.maps.length > 0 && lab.maps.every((map) => map.loaded() && map.areTilesLoaded());
