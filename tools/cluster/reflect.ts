/**
 * `@peculiar/x509` brings a dependency container that refuses to load without a Reflect metadata polyfill. It finds classes by their registration, not by
 * metadata, so answering "there is none" is enough. Import this before the library.
 */
const reflect = Reflect as { getMetadata?: unknown; getOwnMetadata?: unknown };
reflect.getMetadata ??= () => undefined;
reflect.getOwnMetadata ??= () => undefined;
export {};
