import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { sealingSuite } from './sealing-suite.ts';

sealingSuite('SQLite', sqlitePlace);
