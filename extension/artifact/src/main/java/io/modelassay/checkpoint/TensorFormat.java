package io.modelassay.checkpoint;

import java.nio.file.Path;

/** One way of storing tensors in a file. Reads what is needed to find every tensor, never tensor bytes. */
interface TensorFormat {

    /** Whether a file of this name is of this format; the content is not looked at. */
    boolean accepts(String fileName);

    /**
     * Reads the table of contents.
     *
     * @throws CheckpointException for any defect
     */
    TensorFile read(Path file);
}
