import { type Client, clientFor, type TestApp } from '#kernel/testing.ts'

const PASSWORD = 'correct horse battery'
export type Account = Client & { readonly username: string; signIn(): Promise<Client> }

/** A new account of this name, with this role, signed in. The first person of the app must be `admin`. */
export async function account(
  t: TestApp,
  username: string,
  role: 'user' | 'artist' | 'admin' = 'user',
): Promise<Account> {
  const admin = await t.as('admin')
  const made = await t.nobody.post('/auth/register', { username, email: `${username}@example.org`, password: PASSWORD })
  if (made.status !== 201) throw new Error(made.text)
  const id = String(made.body.user.id)
  if (role !== 'user') {
    const changed = await admin.patch(`/admin/users/${id}/role`, { role })
    if (changed.status !== 200) throw new Error(changed.text)
  }
  const signIn = async () => {
    const { body } = await t.nobody.post('/auth/login', { username, password: PASSWORD })
    return clientFor(t.url, String(body.accessToken), id)
  }
  return { ...(await signIn()), username, signIn }
}
