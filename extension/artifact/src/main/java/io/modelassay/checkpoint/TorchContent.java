package io.modelassay.checkpoint;

import java.util.Map;

/**
 * What a file of torch.save holds, whatever its container.
 *
 * @param root the object that was saved
 * @param calls the tensors and storages that its pickle declares
 * @param extents where the bytes of every declared storage lie, by key; each as long as its storage
 */
record TorchContent(
        Object root,
        TorchCalls calls,
        PickleInput input,
        PickleBudget budget,
        Map<String, ZipDirectory.Extent> extents) {}
