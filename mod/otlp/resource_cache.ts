import { encodeUtf8 } from "../columns/utf8_text.ts";
import type { Registries } from "../intern/registries.ts";
import { sortLabels } from "../intern/series_registry.ts";
import type { AttributeDecoder } from "./attribute_decoder.ts";
import { ByteCache } from "./byte_cache.ts";
import { bytesTag, type WireReader } from "./wire.ts";

const RESOURCE_ATTRIBUTE = bytesTag(1);
const CACHE = { maxEntries: 4_096, maxBytes: 8_388_608 };

/** The service of a resource that does not say (semantic conventions, `service.name`). */
export const UNKNOWN_SERVICE = "unknown_service";

/** What is known about the sender of a group of records. */
export interface ResourceInfo {
  /** Counts the resources decoded so far; unlike an index into a cache it is never reused. */
  readonly number: number;
  /** From the registry of resources; 0 when it is full. */
  readonly resourceId: number;
  readonly service: string;
  readonly serviceBytes: Uint8Array;
  /** `host.name`, or this host's own name. */
  readonly hostBytes: Uint8Array;
  /** `process.pid`; null when it is not given, or is no process id. */
  readonly pid: number | null;
  /** The attributes that identify the sender, sorted, for the labels of its metrics. */
  readonly identity: readonly (readonly [key: string, value: string])[];
}

/** Attributes that become labels; `host.name` does only where it names another host. */
const IDENTITY_KEYS: readonly string[] = [
  "host.name",
  "process.pid",
  "service.instance.id",
  "service.name",
];

/** Resources by the undecoded bytes of their `Resource` message. */
export class ResourceCache {
  readonly #resources: Registries["resources"];
  readonly #attributes: AttributeDecoder;
  readonly #hostName: string;
  readonly #indexes: ByteCache;
  #infos: ResourceInfo[] = [];
  /** Of the messages that `#infos` were decoded from. */
  #bytes = 0;
  #decoded = 0;

  constructor(
    resources: Registries["resources"],
    attributes: AttributeDecoder,
    hostName: string,
    salt: number,
  ) {
    this.#resources = resources;
    this.#attributes = attributes;
    this.#hostName = hostName;
    this.#indexes = new ByteCache(CACHE, salt);
  }

  /** The resource whose message stands at [start, end); an empty range is one without attributes. */
  at(reader: WireReader, start: number, end: number): ResourceInfo {
    const index = this.#indexes.find(reader.view, start, end, 0);
    const known = index === -1 ? undefined : this.#infos[index];
    if (known !== undefined) return known;
    const info = this.#decode(reader, start, end);
    this.#bytes += end - start;
    if (this.#infos.length >= CACHE.maxEntries || this.#bytes > CACHE.maxBytes) {
      this.#infos = [];
      this.#bytes = end - start;
      this.#indexes.clear();
    }
    this.#indexes.add(reader.view, start, end, 0, this.#infos.length);
    this.#infos.push(info);
    return info;
  }

  #decode(reader: WireReader, start: number, end: number): ResourceInfo {
    const attributes = sortLabels(this.#attributes.pairs(reader, start, end, RESOURCE_ATTRIBUTE));
    const byKey = new Map(attributes);
    const service = byKey.get("service.name") || UNKNOWN_SERVICE;
    const pid = Number(byKey.get("process.pid") || NaN);
    return {
      number: ++this.#decoded,
      resourceId: attributes.length === 0 ? 0 : this.#resources.idOf(attributes),
      service,
      serviceBytes: encodeUtf8(service),
      hostBytes: encodeUtf8(byKey.get("host.name") || this.#hostName),
      pid: Number.isSafeInteger(pid) && pid >= 0 ? pid : null,
      identity: attributes.filter(([key, value]) =>
        IDENTITY_KEYS.includes(key) && value !== "" &&
        !(key === "host.name" && value === this.#hostName)
      ),
    };
  }
}
