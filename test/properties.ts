/**
 * Property tests draw the same cases on every run, so that a run can be repeated and a change is judged by what it changed.
 * TAMIS_SEED=N draws others and TAMIS_SEED=random new ones each time: worth an hour in a loop before a release.
 */
import fc from 'fast-check';

const seed = process.env['TAMIS_SEED'] ?? '1';
const parameters = fc.readConfigureGlobal();
fc.configureGlobal({ ...parameters, ...(seed === 'random' ? {} : { seed: Number(seed) }) });
