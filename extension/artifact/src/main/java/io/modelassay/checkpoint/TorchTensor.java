package io.modelassay.checkpoint;

import java.util.List;

/**
 * A tensor as a pickle declares it; nothing is checked against its storage yet.
 *
 * @param element element type and size
 * @param offset first element in the storage, counted in elements
 * @param size dimensions, outermost first
 * @param stride steps in the storage from one index to the next, in elements, one for each dimension
 * @param at place in the file of the call that makes it
 */
record TorchTensor(
        TorchStorage storage, PickleGlobal element, long offset, List<Long> size, List<Long> stride, long at) {

    /**
     * A tensor that is not read.
     *
     * @param what why, as the end of a sentence
     */
    record Unsupported(String what, long at) {}
}
