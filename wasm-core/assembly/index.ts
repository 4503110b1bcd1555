export {
  reserve,
  policyLoad,
  sessionOpen,
  sessionGroups,
  sessionSeal,
  sessionClose,
  decide,
  decideBatch,
} from './policy';
export { lpmReserve, lpmBuild, lpmLookup4, lpmLookup6 } from './lpm';
