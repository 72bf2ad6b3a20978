package io.modelassay.cli;

import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** A quantization as options of a verb. */
final class QuantizationOptions {
    @Option(names = "--method", paramLabel = "METHOD", required = true, description = "gptq, rtn.")
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
        @Option(names = "--sym", description = "Codes centred on zero (the default).")
        @SuppressWarnings("UnusedVariable") // read by picocli
        private boolean symmetric;

        @Option(names = "--asym", description = "A zero point in each group.")
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

    @Option(
            names = "--keep",
            paramLabel = "MODULES",
            description = "Modules that stay as they are; * stands for any characters. May be given again.")
    private List<String> keep = new ArrayList<>();

    Quantization read(Verb verb) {
        try {
            Quantization quantization = switch (method) {
                case "gptq" -> Quantization.gptq(bits, groupSize).with(gptq());
                case "rtn" -> Quantization.rtn(bits, groupSize);
                default -> throw verb.misused("--method: there is no " + method + "; gptq, rtn are known");
            };
            return (symmetry.asymmetric ? quantization.asymmetric() : quantization).keep(keep.toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            throw verb.misused(String.valueOf(e.getMessage()));
        }
    }

    private GptqSettings gptq() {
        GptqSettings settings = GptqSettings.DEFAULT.damping(damping, GptqSettings.DEFAULT.dampingStep());
        settings = actOrder ? settings.order(GptqSettings.Order.ACT_ORDER) : settings;
        settings = staticGroups ? settings.withStaticGroups() : settings;
        return searchGrid ? settings.searchingGrid() : settings;
    }
}
