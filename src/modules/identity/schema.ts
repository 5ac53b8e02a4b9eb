/** What other modules, the client and the web app may know of this module. */
export { identity, PASSWORD_LENGTH_ADVISED, PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from './accounts/contract.ts'
export { admin, AdminUser, AuditEntry, UserSession, USER_SORTS } from './admin/contract.ts'
export { apiKeys, ApiKey, NewApiKey } from './api-keys/contract.ts'
export { links, Link } from './outside/contract.ts'
export { profile } from './profile/contract.ts'
export {
  Block,
  DEFAULT_PREFERENCES,
  Preferences,
  PreferencesPatch,
  PublicUser,
  Session,
  User,
  UserStats,
} from './things.ts'
