package io.modelassay.checkpoint;

/**
 * Memory that tensors view, as a pickle declares it.
 *
 * @param kind its class
 * @param key its name in the file, digits only; for a part, that of the whole
 * @param count number of elements
 * @param byteLength {@code count} times the size of an element
 * @param firstByte 0, except for a part of another storage as old files have it: where in that storage it starts
 * @param at place in the file of its first mention
 */
record TorchStorage(PickleGlobal kind, String key, long count, long byteLength, long firstByte, long at) {}
