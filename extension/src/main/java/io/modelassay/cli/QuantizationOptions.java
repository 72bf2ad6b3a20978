package io.modelassay.cli;

import io.modelassay.quantization.AwqSettings;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** A quantization as options of a verb. */
final class QuantizationOptions {
    @Option(
            names = "--method",
            paramLabel = "METHOD",
            required = true,
            description = "gptq, awq, rtn; smoothquant, which leaves floating point.")
    private String method = "";

    @Option(names = "--bits", paramLabel = "B", defaultValue = "4", description = "2, 3, 4 (the default) or 8.")
    private int bits;

    @Option(
            names = "--group-size",
            paramLabel = "G",
            defaultValue = "128",
            description = "Input channels that share a scale, -1 for all; 128 by default.")
    private int groupSize;

    @ArgGroup
    private Symmetry symmetry = new Symmetry();

    /** One or the other. */
    static final class Symmetry {
        @Option(names = "--sym", description = "Codes centred on zero (the default, but of awq).")
        private boolean symmetric;

        @Option(names = "--asym", description = "A zero point in each group (the default of awq).")
        private boolean asymmetric;
    }

    @Option(names = "--act-order", description = "GPTQ: strongest channels first (desc_act).")
    private boolean actOrder;

    @Option(names = "--static-groups", description = "GPTQ: every group's grid before any error is passed on.")
    private boolean staticGroups;

    @Option(names = "--search-grid", description = "GPTQ: the grid of least error in each group.")
    private boolean searchGrid;

    @Option(
            names = "--damping",
            paramLabel = "SHARE",
            defaultValue = "0.05",
            description = "GPTQ: share of the mean of the Hessian's diagonal added to it; 0.05 by default.")
    private double damping;

    @Option(names = "--no-duo-scaling", description = "AWQ: scales from the inputs alone, not from the weights.")
    private boolean withoutDuoScaling;

    @Option(names = "--no-clip", description = "AWQ: every group's range as it is.")
    private boolean withoutClipping;

    @Option(
            names = "--alpha",
            paramLabel = "SHARE",
            defaultValue = "0.5",
            description = "SmoothQuant: share of the difficulty that moves into the weights; 0.5 by default.")
    private double alpha;

    @Option(
            names = "--keep",
            paramLabel = "MODULES",
            description = "Modules that stay as they are; * stands for any characters. May be given again.")
    private List<String> keep = new ArrayList<>();

    Quantization read(Verb verb) {
        try {
            Quantization quantization = switch (method) {
                case "gptq" -> Quantization.gptq(bits, groupSize).with(gptq());
                case "awq" -> Quantization.awq(bits, groupSize).with(awq());
                case "rtn" -> Quantization.rtn(bits, groupSize);
                default ->
                    throw verb.misused("--method: there is no " + method + "; gptq, awq, rtn, smoothquant are known");
            };
            quantization = symmetry.asymmetric ? quantization.asymmetric() : quantization;
            quantization = symmetry.symmetric ? quantization.centred() : quantization;
            return quantization.keep(keep.toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            throw verb.misused(String.valueOf(e.getMessage()));
        }
    }

    /** Whether no quantization is asked for, but what SmoothQuant does before one. */
    boolean smooths() {
        return method.equals("smoothquant");
    }

    double alpha() {
        return alpha;
    }

    private AwqSettings awq() {
        AwqSettings settings = withoutDuoScaling ? AwqSettings.DEFAULT.withoutDuoScaling() : AwqSettings.DEFAULT;
        return withoutClipping ? settings.withoutClipping() : settings;
    }

    private GptqSettings gptq() {
        GptqSettings settings = GptqSettings.DEFAULT.damping(damping, GptqSettings.DEFAULT.dampingStep());
        settings = actOrder ? settings.order(GptqSettings.Order.ACT_ORDER) : settings;
        settings = staticGroups ? settings.withStaticGroups() : settings;
        return searchGrid ? settings.searchingGrid() : settings;
    }
}
