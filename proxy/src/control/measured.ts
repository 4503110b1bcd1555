/** The parts of the control process by themselves and a store to fill, for `npm run bench -- control`. */
export { ADMIN_ORIGIN, openAdmin, type AdminPlace } from './admin/fixtures/admin-place.ts';
export { openApiDocument } from './admin/openapi-document.ts';
export { makeControlFixture } from './control-fixture.ts';
export { followed } from './scim/fixtures/followed.ts';
export { openScim, type ScimClient, type ScimPlace } from './scim/fixtures/scim-place.ts';
export { SnapshotCompiler } from './snapshot/compiler.ts';
export { openTestPop, writeDeployment } from './snapshot/pop-fixture.ts';
export { FILLED_AT, fillStore, ISSUE_SIZE, type StoreSize } from './store/fixtures/large-store.ts';
export { openDatabase } from './store/open-database.ts';
export { lineTo, type ControlLine } from './line-fixture.ts';
export { lackingPostgres, startPostgres } from './store/fixtures/postgres-server.ts';
export { sqlitePlace, type StorePlace } from './store/fixtures/store-place.ts';
