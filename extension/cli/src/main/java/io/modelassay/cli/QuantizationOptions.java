package io.modelassay.cli;

import io.modelassay.quantization.AwqSettings;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** A quantization as options of a verb. */
final class QuantizationOptions {
    @Option(
            names = "--method",
            paramLabel = "METHOD",
            required = true,
            description = "gptq, awq, rtn, nf4, fp4, llm-int8, fp8; smoothquant, which leaves floating point.")
    private String method = "";

    @Option(names = "--bits", paramLabel = "B", description = "gptq, rtn: 2, 3, 4 (the default) or 8.")
    private @Nullable Integer bits;

    @Option(
            names = "--group-size",
            paramLabel = "G",
            description = {
                "gptq, rtn: input channels that share a scale, -1 for all; 128 by default.",
                "nf4, fp4: consecutive values that do; 64 by default."
            })
    private @Nullable Integer groupSize;

    @Option(names = "--double", description = "nf4, fp4: the scales quantized to 8 bits in turn.")
    private boolean doubleQuantization;

    @Option(
            names = "--granularity",
            paramLabel = "EXTENT",
            description = "fp8: what has one scale: tensor, channel (the default) or block.")
    private @Nullable Granularity granularity;

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

    @Option(
            names = "--dynamic",
            paramLabel = "RULE",
            description = {
                "gptq, rtn: a rule of GPTQModel's dynamic; may be given again, and the first counts that the beginning of a",
                "module's name matches. REGEX=SETTING:VALUE,... with bits, group_size, sym, gptq also desc_act, act_group_aware,",
                "mse, damp_percent, static_groups; or -:REGEX, before all others, for modules that stay as they are.",
                "Such as '+:.*\\.down_proj$=bits:8,group_size:64' and '-:.*\\.o_proj$'."
            })
    private List<String> dynamic = new ArrayList<>();

    @Option(
            names = "--lm-head",
            description = "gptq, rtn: the head, too; 8 bits in groups of 32 unless a rule for lm_head says otherwise.")
    private boolean head;

    Quantization read(Verb verb) {
        try {
            Quantization quantization = switch (method) {
                case "gptq" ->
                    Quantization.gptq(or(bits, 4), or(groupSize, 128)).with(gptq());
                case "awq" -> Quantization.awq(or(bits, 4), or(groupSize, 128)).with(awq());
                case "rtn" -> Quantization.rtn(or(bits, 4), or(groupSize, 128));
                case "nf4" -> Quantization.nf4();
                case "fp4" -> Quantization.fp4();
                case "llm-int8" -> Quantization.llmInt8();
                case "fp8" -> Quantization.fp8(granularity == null ? Granularity.CHANNEL : granularity);
                default ->
                    throw verb.misused("--method: there is no " + method
                            + "; gptq, awq, rtn, nf4, fp4, llm-int8, fp8, smoothquant" + " are known");
            };
            requireMeant(quantization, verb);
            boolean blocks =
                    groupSize != null && quantization.bits() == 4 && quantization.granularity() == Granularity.BLOCK;
            quantization = blocks ? quantization.blockSize(or(groupSize, 64)) : quantization;
            quantization = symmetry.asymmetric ? quantization.asymmetric() : quantization;
            quantization = symmetry.symmetric ? quantization.centred() : quantization;
            quantization = doubleQuantization ? quantization.doubleQuantized() : quantization;
            quantization = quantization.keep(keep.toArray(String[]::new)).dynamic(dynamic.toArray(String[]::new));
            return head ? quantization.withHead() : quantization;
        } catch (IllegalArgumentException e) {
            throw verb.misused("", e);
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

    private static int or(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }

    /** An option that the method has no use for is a mistake. */
    private void requireMeant(Quantization quantization, Verb verb) {
        if (bits != null && bits != quantization.bits()) {
            throw verb.misused("--bits: " + quantization.label() + " has " + quantization.bits() + ", not " + bits);
        }
        if (granularity != null && quantization.method() != Method.FP8) {
            throw verb.misused("--granularity: " + quantization.label() + " is no fp8");
        }
        boolean channels = quantization.groupSize() == Quantization.PER_CHANNEL;
        if (groupSize != null && channels && groupSize != Quantization.PER_CHANNEL) {
            throw verb.misused("--group-size: " + quantization.label() + " has no groups");
        }
    }

    private GptqSettings gptq() {
        GptqSettings settings = GptqSettings.DEFAULT.damping(damping, GptqSettings.DEFAULT.dampingStep());
        settings = actOrder ? settings.order(GptqSettings.Order.ACT_ORDER) : settings;
        settings = staticGroups ? settings.withStaticGroups() : settings;
        return searchGrid ? settings.searchingGrid() : settings;
    }
}
