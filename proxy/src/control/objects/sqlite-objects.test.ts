import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { objectSuite } from './object-suite.ts';

objectSuite('SQLite', sqlitePlace);
