package io.modelassay.quantization;

import java.util.Map;
import org.apiguardian.api.API;

/**
 * A kernel file that encodes and decodes weights, with its options.
 *
 * @param kernels name of the kernel file beside this class
 * @param options integers that the kernels read by name
 */
@API(status = API.Status.INTERNAL)
public record Codec(String kernels, Map<String, Long> options) {}
