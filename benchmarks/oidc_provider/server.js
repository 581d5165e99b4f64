// oidc-provider with client credentials and introspection; clients and tokens in PostgreSQL.
// Reads DATABASE_URL, PORT, CLIENT_ID and CLIENT_SECRET from the environment.

import { Provider } from 'oidc-provider';
import pg from 'pg';

const { DATABASE_URL, PORT, CLIENT_ID, CLIENT_SECRET } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 4 });

class PostgresAdapter {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload, expiresIn) {
    await pool.query({
      name: 'upsert',
      text: `INSERT INTO oidc (model, id, payload, expires)
        VALUES ($1, $2, $3, now() + make_interval(secs => $4))
        ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, expires = excluded.expires`,
      values: [this.model, id, payload, expiresIn ?? null],
    });
  }

  async find(id) {
    const { rows } = await pool.query({
      name: 'find',
      text: 'SELECT payload FROM oidc WHERE model = $1 AND id = $2 AND (expires IS NULL OR expires > now())',
      values: [this.model, id],
    });
    return rows[0]?.payload;
  }

  async findByUid() {
    return undefined;
  }

  async findByUserCode() {
    return undefined;
  }

  async destroy(id) {
    await pool.query('DELETE FROM oidc WHERE model = $1 AND id = $2', [this.model, id]);
  }

  async consume(id) {
    await pool.query(
      `UPDATE oidc SET payload = payload || '{"consumed": true}' WHERE model = $1 AND id = $2`,
      [this.model, id],
    );
  }

  async revokeByGrantId(grantId) {
    await pool.query(`DELETE FROM oidc WHERE payload->>'grantId' = $1`, [grantId]);
  }
}

await pool.query(`CREATE TABLE oidc (
  model text, id text, payload jsonb NOT NULL, expires timestamptz, PRIMARY KEY (model, id))`);
await new PostgresAdapter('Client').upsert(CLIENT_ID, {
  client_id: CLIENT_ID,
  client_secret: CLIENT_SECRET,
  token_endpoint_auth_method: 'client_secret_basic',
  grant_types: ['client_credentials'],
  response_types: [],
  redirect_uris: [],
  scope: 'bench',
});

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  adapter: PostgresAdapter,
  scopes: ['bench'],
  ttl: { ClientCredentials: 3600 },
  features: {
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
    devInteractions: { enabled: false },
  },
});
provider.listen(Number(PORT), '127.0.0.1');
