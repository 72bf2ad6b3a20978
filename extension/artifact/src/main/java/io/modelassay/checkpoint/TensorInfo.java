package io.modelassay.checkpoint;

import java.nio.file.Path;
import org.apiguardian.api.API;

/**
 * Where one tensor lies and what it is.
 *
 * @param name the key in the checkpoint
 * @param type element type as stored
 * @param shape dimensions, outermost first; {@link Checkpoint#map(TensorInfo)} gives the elements in row-major order
 *     without gaps, whatever their order in the file
 * @param file the file that holds the bytes
 * @param offset position of the first element, counted in bytes from the start of the file; not necessarily aligned
 * @param byteLength number of bytes of all elements, 0 for a tensor without elements
 */
@API(status = API.Status.EXPERIMENTAL)
public record TensorInfo(String name, TensorType type, Shape shape, Path file, long offset, long byteLength) {}
