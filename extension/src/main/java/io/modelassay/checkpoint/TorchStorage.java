package io.modelassay.checkpoint;

/**
 * Memory that tensors view, as a pickle declares it.
 *
 * @param kind its class
 * @param key its name in the file, digits only
 * @param count number of elements
 * @param byteLength {@code count} times the size of an element
 * @param at place in the file of its first mention
 */
record TorchStorage(PickleGlobal kind, String key, long count, long byteLength, long at) {}
