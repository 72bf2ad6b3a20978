package io.modelassay.quantizer;

import io.modelassay.checkpoint.Finding;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * What a quantization has written, and how it went.
 *
 * @param folder the artifact
 * @param quantization what was asked for
 * @param format its layout, such as {@code gptq_v2}
 * @param files names of its files, sorted
 * @param modules the quantized modules, in the order of computation
 * @param calibration name of the calibration
 * @param tokens tokens of calibration; 0 for methods that need none
 * @param resumed layers that an earlier run had finished
 * @param notes what is to be told of the artifact as a whole
 */
@API(status = API.Status.EXPERIMENTAL)
public record QuantizationReport(
        Path folder,
        Quantization quantization,
        String format,
        List<String> files,
        List<ModuleReport> modules,
        String calibration,
        long tokens,
        int resumed,
        List<Finding> notes) {
    /** The modules that were quantized in another way than was asked for. */
    public List<ModuleReport> fallbacks() {
        return modules.stream().filter(module -> !module.fallback().isEmpty()).toList();
    }

    /** The notes, and what did not go as asked for: fallbacks, Hessians that needed more damping or a floor. */
    public List<Finding> findings() {
        List<Finding> findings = new ArrayList<>(notes);
        CalibratedMethod.of(quantization)
                .ifPresent(method -> modules.forEach(
                        module -> method.finding(module, quantization).ifPresent(findings::add)));
        return List.copyOf(findings);
    }
}
