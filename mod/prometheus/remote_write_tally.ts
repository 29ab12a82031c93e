/** What became of one request's points, besides what was rejected. */
export interface RemoteWriteTally {
  /** Points that are in the store: taken now, or sent before. */
  samples: number;
  histograms: number;
  /** Exemplars that are in the store. */
  exemplars: number;
  /** Exemplars left out: past the bound of a request, of a time that cannot be, without a series. */
  droppedExemplars: number;
  /** Of those counted above: points that say that a series has ended, which are not stored. */
  staleMarkers: number;
  /** Of those counted above: points with the time of the newest before, taken for sent again. */
  repeated: number;
  /** Of those counted above: points older than the newest before; stored like others. */
  outOfOrder: number;
}

export const emptyTally = (): RemoteWriteTally => ({
  samples: 0,
  histograms: 0,
  exemplars: 0,
  droppedExemplars: 0,
  staleMarkers: 0,
  repeated: 0,
  outOfOrder: 0,
});
