import { sqlitePlace } from '../store/fixtures/store-place.ts';
import { eventSuite } from './event-suite.ts';

eventSuite('SQLite', sqlitePlace);
