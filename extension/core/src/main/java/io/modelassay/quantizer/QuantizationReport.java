package io.modelassay.quantizer;

import io.modelassay.checkpoint.Finding;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
        for (ModuleReport module : modules) {
            double asked = quantization
                    .forModule(module.module())
                    .map(settings -> settings.gptqSettings().damping())
                    .orElse(0.0);
            if (!module.fallback().isEmpty()) {
                findings.add(new Finding(
                        "quantizer-fallback",
                        Finding.Severity.WARNING,
                        module.module(),
                        quantization.method() == Method.AWQ
                                ? "Its inputs have no scales, since it shares them with a module that is kept or no ratio"
                                        + " left a finite error"
                                : "The Hessian of its inputs could not be inverted, so it was rounded to nearest",
                        quantization.method() == Method.AWQ
                                ? "keep all modules of one input, or none"
                                : "more calibration tokens than " + module.tokens()));
            } else if (quantization.method() == Method.AWQ && module.ratio() == null) {
                findings.add(new Finding(
                        "awq-inputs-unscaled",
                        Finding.Severity.INFO,
                        module.module(),
                        "What feeds it has fewer channels than it has inputs (grouped-query attention), so they have no"
                                + " scales",
                        "nothing; every tool leaves these out"));
            } else if (module.diagonalFloor() > 0 || module.damping() > asked * (1 + 1e-9)) {
                findings.add(new Finding(
                        "hessian-damped",
                        Finding.Severity.INFO,
                        module.module(),
                        String.format(
                                Locale.ROOT,
                                "The Hessian of its inputs could be inverted with a damping of %.3g only, not %.3g%s",
                                module.damping(),
                                asked,
                                module.diagonalFloor() > 0
                                        ? String.format(
                                                Locale.ROOT, ", and %.3g under its diagonal", module.diagonalFloor())
                                        : ""),
                        "more calibration tokens than " + module.tokens()
                                + "; the more damping, the closer to rounding"));
            }
        }
        return List.copyOf(findings);
    }
}
