import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { backupSuite } from './backup-suite.ts';

backupSuite('of SQLite into SQLite', sqlitePlace, sqlitePlace, true);
