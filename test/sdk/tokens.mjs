// Mapbox's own JavaScript SDK against the simulator of the Tokens API, and against the mint. The SDK is written by
// neither of our authors, so it does not share their misreadings.
//
// It makes some 75 requests, of which Mapbox's own limit allows 100 a minute, deletes what it made, and never prints a
// token: failures show statuses and messages only.
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import tokensService from '@mapbox/mapbox-sdk/services/tokens.js';

const simulator = setting('TOKENS_API_URL');
const mint = setting('MINT_URL');
const secret = setting('MAPBOX_ACCESS_TOKEN'); // with all scopes of this test and of the tutorial
const username = setting('MAPBOX_USERNAME');

const mapScopes = ['styles:tiles', 'styles:read', 'fonts:read'];
const uploadScopes = ['uploads:read', 'uploads:list', 'uploads:write'];
const minutes = n => new Date(Date.now() + n * 60_000);

const service = (accessToken, origin = simulator) => tokensService({ accessToken, origin });
const tokens = service(secret);
const made = []; // ids of permanent tokens

after(async () => {
  for (const tokenId of made) {
    await tokens.deleteToken({ tokenId }).send().catch(() => {}); // some are gone already
  }
});

describe('createToken', () => {
  test('a public token', async () => {
    const token = await create({ note: 'sdk public', scopes: mapScopes, allowedUrls: ['https://docs.mapbox.com'] });
    const { id, created, modified, token: value, ...rest } = token;
    assert.deepEqual(rest, {
      client: 'api', note: 'sdk public', usage: 'pk', default: false, scopes: mapScopes,
      allowedUrls: ['https://docs.mapbox.com'],
    });
    assert.match(id, /^c[0-9a-z]{24}$/);
    assert.equal(new Date(created).toISOString(), created);
    assert.equal(created, modified);
    assert.ok(value.startsWith('pk.'));
  });

  test('a secret token, whose value shows this once', async () => {
    const { id, usage, token } = await create({ note: 'sdk secret', scopes: uploadScopes });
    assert.equal(usage, 'sk');
    assert.ok(token.startsWith('sk.'));
    assert.ok(!('token' in await listed(id)));
  });

  test('no scopes', async () => {
    const { usage, scopes, note } = await create();
    assert.deepEqual({ usage, scopes, note }, { usage: 'pk', scopes: [], note: null });
  });

  test('refusals', async () => {
    const narrow = service((await create({ scopes: ['tokens:write', 'styles:read'] })).token);
    await refused(narrow.createToken({ scopes: ['fonts:read'] }), 422, 'scopes are invalid');
    await refused(tokens.createToken({ note: 'n'.repeat(129), scopes: [] }), 422);
    await refused(tokens.createToken({ scopes: [], resources: [] }), 422, 'resources are invalid');
    await refused(tokens.createToken({ scopes: [], allowedUrls: Array(101).fill('https://a.example') }), 422);

    const publicToken = service((await create({ scopes: mapScopes })).token);
    await refused(publicToken.createToken({ scopes: ['styles:read'] }), 404, 'Not Found');
    await refused(service(forge(secret)).createToken({ scopes: [] }), 401, 'Unauthorized');
  });
});

describe('createTemporaryToken', () => {
  test('from a secret token', async () => {
    const expires = minutes(30);
    const { body } = await send(tokens.createTemporaryToken({ expires: expires.toISOString(), scopes: mapScopes }));
    assert.deepEqual(Object.keys(body).sort(), ['expires', 'expires_in', 'issued_at', 'token']);
    assert.ok(body.token.startsWith('tk.'));
    assert.equal(new Date(body.expires).toISOString(), body.expires);
    assert.equal(body.expires_in, (new Date(body.expires) - new Date(body.issued_at)) / 1000);
    assert.ok(Math.abs(new Date(body.expires) - expires) < 1000);

    const { code, token } = await retrieve(body.token);
    assert.equal(code, 'TokenValid');
    assert.deepEqual(token, {
      usage: 'tk', user: username, client: 'api', created: body.issued_at, expires: body.expires, scopes: mapScopes,
    });
  });

  test('from a temporary token', async () => {
    const parent = service(await temporary(tokens, 20, ['tokens:write', 'styles:read']));
    assert.equal((await retrieve(await temporary(parent, 10, ['styles:read']))).code, 'TokenValid');
    await refused(parent.createTemporaryToken({ expires: minutes(40).toISOString(), scopes: ['styles:read'] }),
      422, 'expires may not be greater than the expiration of the authorizing token');
    await refused(parent.createTemporaryToken({ expires: minutes(10).toISOString(), scopes: ['fonts:read'] }),
      422, 'scopes are invalid');
  });

  test('refusals', async () => {
    const ask = (by, at, scopes = ['styles:read']) => by.createTemporaryToken({ expires: at.toISOString(), scopes });
    await refused(ask(tokens, minutes(-1)), 422, 'expires is in the past');
    await refused(ask(tokens, minutes(61)), 422, 'expires is more than one hour in the future');
    await refused(ask(tokens, minutes(10), ['no:such']), 422, 'scopes are invalid');
    const lacking = service(await temporary(tokens, 10, ['styles:read']));
    await refused(ask(lacking, minutes(5)), 404, 'Not Found');
  });
});

describe('listTokens', () => {
  test('permanent tokens only, values of public ones only', async () => {
    const { body } = await send(tokens.listTokens());
    assert.equal(body.filter(row => row.default).length, 1);
    for (const row of body) {
      assert.ok(['pk', 'sk'].includes(row.usage));
      assert.equal('token' in row, row.usage === 'pk');
    }
  });

  test('page by page', async () => {
    const { body } = await send(tokens.listTokens());
    const limit = Math.ceil(body.length / 3);
    const request = tokens.client.createRequest({ method: 'GET', path: '/tokens/v2/:ownerId', query: { limit } });
    const pages = await new Promise((resolve, reject) => {
      const pages = [];
      request.eachPage((error, response, next) => {
        if (error) return reject(speak(error));
        pages.push(response.body.map(row => row.id));
        if (!response.hasNextPage()) return resolve(pages);
        next();
      });
    });
    assert.equal(pages.length, Math.ceil(body.length / limit));
    assert.ok(pages.length > 1);
    assert.deepEqual(pages.flat(), body.map(row => row.id));
  });

  test('refusals', async () => {
    const { token } = await create({ scopes: ['tokens:write'] });
    await refused(service(token).listTokens(), 404, 'Not Found');
    await refused(service(forge(secret)).listTokens(), 401, 'Unauthorized');
    const nobody = { method: 'GET', path: '/tokens/v2/:ownerId', params: { ownerId: 'nobody' } };
    await refused(tokens.client.createRequest(nobody), 404, 'No such user');
  });
});

describe('updateToken', () => {
  test('note, scopes and URLs', async () => {
    const config = { note: 'before', scopes: ['styles:read'], allowedUrls: ['https://a.example'] };
    const { id: tokenId, token } = await create(config);
    const change = async config => (await send(tokens.updateToken({ tokenId, ...config }))).body;
    assert.equal((await change({ note: 'after' })).note, 'after');
    assert.deepEqual((await change({ scopes: ['fonts:read'] })).scopes, ['fonts:read']);
    assert.deepEqual((await change({ allowedUrls: ['https://b.example'] })).allowedUrls, ['https://b.example']);
    const last = await change({ allowedUrls: null });
    assert.deepEqual([last.note, last.scopes, last.allowedUrls], ['after', ['fonts:read'], undefined]);
    assert.ok(last.token === token, 'the value of a public token stays');
  });

  test('a secret token stays hidden', async () => {
    const { id } = await create({ scopes: uploadScopes });
    const { body } = await send(tokens.updateToken({ tokenId: id, note: 'hidden' }));
    assert.equal(body.note, 'hidden');
    assert.ok(!('token' in body));
  });

  test('refusals', async () => {
    const { id, token } = await create({ scopes: ['styles:read'] });
    await refused(tokens.updateToken({ tokenId: id, scopes: uploadScopes }), 422, 'scopes are invalid');
    await refused(tokens.updateToken({ tokenId: 'cijucimbe000brbkt48d0dhcx', note: 'n' }), 404, 'Not Found');
    await refused(tokens.updateToken({ tokenId: token, note: 'n' }), 400);
    const bare = await create({ scopes: [] });
    await refused(tokens.updateToken({ tokenId: bare.id, scopes: ['styles:read'] }), 422, 'scopes are invalid');
  });
});

describe('getToken', () => {
  test('TokenValid tells the id of a permanent token, not its scopes', async () => {
    const { id, token } = await create({ scopes: uploadScopes });
    assert.deepEqual(await retrieve(token), {
      code: 'TokenValid', token: { usage: 'sk', user: username, authorization: id },
    });
  });

  test('TokenInvalid', async () => {
    const { code, token } = await retrieve(forge(secret));
    assert.deepEqual([code, token.user], ['TokenInvalid', username]);
  });

  test('TokenMalformed', async () => {
    assert.deepEqual(await retrieve('sk.e30.AAAAAAAAAAAAAAAAAAAAAA'), { code: 'TokenMalformed' });
  });

  test('TokenExpired', async () => {
    const { body } = await send(tokens.createTemporaryToken({
      expires: new Date(Date.now() + 200).toISOString(), scopes: ['styles:read'],
    }));
    const deadline = Date.now() + 5000;
    let verdict = await retrieve(body.token);
    while (verdict.code === 'TokenValid' && Date.now() < deadline) {
      await pause(100);
      verdict = await retrieve(body.token);
    }
    assert.equal(verdict.code, 'TokenExpired');
  });
});

describe('deleteToken', () => {
  test('revokes', async () => {
    const { id: tokenId, token } = await create({ scopes: uploadScopes });
    assert.equal((await send(tokens.deleteToken({ tokenId }))).statusCode, 204);
    assert.equal((await retrieve(token)).code, 'TokenRevoked');
    assert.equal(await listed(tokenId), undefined);
    await refused(tokens.deleteToken({ tokenId }), 404, 'Not Found');
    await refused(service(token).listTokens(), 401, 'Unauthorized');
  });
});

describe('listScopes', () => {
  test('what is public says so', async () => {
    const { body } = await send(tokens.listScopes());
    const scopes = new Map(body.map(scope => [scope.id, scope]));
    for (const id of mapScopes) assert.equal(scopes.get(id).public, true, id);
    for (const id of uploadScopes) assert.ok(!('public' in scopes.get(id)), id);
    assert.ok(body.every(scope => scope.description));
  });

  test('refusal', async () => {
    await refused(service(await temporary(tokens, 5, mapScopes)).listScopes(), 403);
  });
});

describe('the mint', () => {
  const minting = service(secret, mint); // the SDK sends a token, but it is no authority there

  test('createTemporaryToken', async () => {
    const expires = minutes(30).toISOString();
    const { body } = await send(minting.createTemporaryToken({ expires, scopes: mapScopes }));
    assert.ok(body.token.startsWith('tk.'));
    assert.ok(body.expires_in > 25 * 60 && body.expires_in <= 30 * 60, `expires in ${body.expires_in} s`);
    const { code, token } = await retrieve(body.token);
    assert.equal(code, 'TokenValid');
    assert.deepEqual([token.user, token.scopes.toSorted()], [username, mapScopes.toSorted()]);
  });

  test('createToken is refused', async () => {
    await refused(minting.createToken({ note: 'permanent', scopes: mapScopes }), 422);
  });
});

function setting(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

async function create(config) {
  const { body } = await send(tokens.createToken(config));
  made.push(body.id);
  return body;
}

async function temporary(by, life, scopes) {
  return (await send(by.createTemporaryToken({ expires: minutes(life).toISOString(), scopes }))).body.token;
}

async function retrieve(token) {
  return (await send(service(token).getToken())).body;
}

async function listed(id) {
  return (await send(tokens.listTokens())).body.find(row => row.id === id);
}

// forge changes the first character of a token's signature.
function forge(token) {
  return token.replace(/\.([^.])([^.]*)$/, (_, first, rest) => `.${first === 'A' ? 'B' : 'A'}${rest}`);
}

async function send(request) {
  try {
    return await request.send();
  } catch (error) {
    throw speak(error);
  }
}

// speak keeps what may be printed of an SDK error, which drags the whole client with its token along.
function speak(error) {
  const { method = 'request', path = '' } = error.request ?? {};
  const { statusCode: status = error.code, message: reason } = error;
  return Object.assign(new Error(`${method} ${path}: ${status} ${reason}`), { status, reason });
}

async function refused(request, status, reason) {
  await assert.rejects(send(request), error => {
    assert.equal(error.status, status, error.message);
    if (reason) assert.equal(error.reason, reason);
    else assert.ok(error.reason, 'a refusal has a message');
    return true;
  });
}
