package io.modelassay.quantizer;

import java.nio.file.Path;
import java.util.List;
import org.apiguardian.api.API;

/**
 * What a quantization has written, and how it went.
 *
 * @param folder the artifact
 * @param format its layout, such as {@code gptq_v2}
 * @param files names of its files, sorted
 * @param modules the quantized modules, in the order of computation
 * @param tokens tokens of calibration; 0 for methods that need none
 * @param resumed layers that an earlier run had finished
 */
@API(status = API.Status.EXPERIMENTAL)
public record QuantizationReport(
        Path folder, String format, List<String> files, List<ModuleReport> modules, long tokens, int resumed) {
    /** The modules that were quantized in another way than was asked for. */
    public List<ModuleReport> fallbacks() {
        return modules.stream().filter(module -> !module.fallback().isEmpty()).toList();
    }
}
