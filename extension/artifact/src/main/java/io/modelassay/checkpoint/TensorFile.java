package io.modelassay.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Table of contents of one tensor file.
 *
 * @param tensors in the order of their bytes
 * @param metadata free text of the file, name to value
 * @param notes what is odd but legal
 * @param views by tensor name, where the elements lie of tensors that are not stored in row-major order without gaps
 */
record TensorFile(
        Path path,
        List<TensorInfo> tensors,
        Map<String, String> metadata,
        List<Finding> notes,
        Map<String, StridedView> views) {}
