import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { crashSuite } from './crash-suite.ts';

crashSuite('SQLite', sqlitePlace);
