package io.modelassay.cli;

import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.GridChoices;
import io.modelassay.quantization.GridChoices.Extent;
import io.modelassay.quantization.MethodOption;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationMethod;
import io.modelassay.quantization.QuantizationMethods;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A quantization as options of a verb. */
final class QuantizationOptions {
    private static final String SMOOTHQUANT = "smoothquant";

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            required = true,
            completionCandidates = Methods.class,
            description = "${COMPLETION-CANDIDATES}. The last leaves floating point.")
    private String method = "";

    @Option(
            names = "--bits",
            paramLabel = "B",
            description = "Bits of a code, where the method has a choice: 2, 3, 4 (the default) or 8.")
    private @Nullable Integer bits;

    @Option(
            names = "--group-size",
            paramLabel = "G",
            description = {
                "Integers: input channels that share a scale, -1 for all; 128 by default.",
                "4-bit floating point: consecutive values that do; 64 by default."
            })
    private @Nullable Integer groupSize;

    @Option(names = "--double", description = "4-bit floating point: the scales quantized to 8 bits in turn.")
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

    /** What is given of the options that methods have of their own, by name without the hyphens. */
    private final Map<String, String> own = new LinkedHashMap<>();

    /** The verb gets the options of all methods; picocli calls this. */
    @Spec(Spec.Target.MIXEE)
    void addOptionsOfMethods(CommandSpec verb) {
        Set<String> names = new HashSet<>();
        for (QuantizationMethod known : QuantizationMethods.all()) {
            for (MethodOption option : known.options()) {
                if (names.add(option.name())) {
                    verb.addOption(spec(option));
                }
            }
        }
    }

    private OptionSpec spec(MethodOption option) {
        OptionSpec.Builder spec = OptionSpec.builder("--" + option.name()).description(option.description());
        return option.isFlag()
                ? spec.type(boolean.class)
                        .arity("0")
                        .setter(setter(given -> Boolean.TRUE.equals(given) ? "" : null, option))
                        .build()
                : spec.type(String.class)
                        .arity("1")
                        .paramLabel(option.valueName())
                        .setter(setter(given -> given == null ? null : given.toString(), option))
                        .build();
    }

    /** picocli also sets what is not given, to null or false. */
    private ISetter setter(Function<@Nullable Object, @Nullable String> text, MethodOption option) {
        return new ISetter() {
            @Override
            public <T> @Nullable T set(@Nullable T value) {
                String given = text.apply(value);
                if (given == null) {
                    own.remove(option.name());
                } else {
                    own.put(option.name(), given);
                }
                return null;
            }
        };
    }

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
                "A rule of GPTQModel's dynamic, for gptq and rtn; may be given again, and the first counts that the beginning of a",
                "module's name matches. REGEX=SETTING:VALUE,... with bits, group_size, sym, gptq also desc_act, act_group_aware,",
                "mse, damp_percent, static_groups; or -:REGEX, before all others, for modules that stay as they are.",
                "Such as '+:.*\\.down_proj$=bits:8,group_size:64' and '-:.*\\.o_proj$'."
            })
    private List<String> dynamic = new ArrayList<>();

    @Option(
            names = "--lm-head",
            description =
                    "The head, too, of gptq and rtn; 8 bits in groups of 32 unless a rule for lm_head says otherwise.")
    private boolean head;

    Quantization read(Verb verb) {
        try {
            if (!Methods.quantizing().contains(method)) {
                throw verb.misused(
                        "--method: there is no " + method + "; " + String.join(", ", new Methods()) + " are known");
            }
            requireMeant(Quantization.of(method), verb);
            GridChoices grids = QuantizationMethods.named(method).grids();
            Quantization quantization =
                    Quantization.of(method, or(bits, grids.usualBits()), or(groupSize, grids.usualSize()));
            quantization = granularity == null ? quantization : quantization.granularity(granularity);
            for (Map.Entry<String, String> option : own.entrySet()) {
                quantization = quantization.option(option.getKey(), option.getValue());
            }
            quantization = symmetry.asymmetric ? quantization.asymmetric() : quantization;
            quantization = symmetry.symmetric ? quantization.centred() : quantization;
            quantization = doubleQuantization ? quantization.doubleQuantized() : quantization;
            quantization = quantization.keep(keep.toArray(String[]::new)).dynamic(dynamic.toArray(String[]::new));
            return head ? quantization.withHead() : quantization;
        } catch (IllegalArgumentException e) {
            throw verb.misused("", e);
        }
    }

    /** The names of methods for which there is a layout, and SmoothQuant. */
    static final class Methods implements Iterable<String> {
        static List<String> quantizing() {
            return QuantizationMethods.all().stream()
                    .filter(known -> !known.formats().isEmpty())
                    .map(QuantizationMethod::name)
                    .toList();
        }

        @Override
        public Iterator<String> iterator() {
            return Stream.concat(quantizing().stream(), Stream.of(SMOOTHQUANT)).iterator();
        }
    }

    /** Whether no quantization is asked for, but what SmoothQuant does before one. */
    boolean smooths() {
        return method.equals(SMOOTHQUANT);
    }

    double alpha() {
        return alpha;
    }

    private static int or(@Nullable Integer given, int otherwise) {
        return given == null ? otherwise : given;
    }

    /** An option that the method has no use for is a mistake. */
    private void requireMeant(Quantization usual, Verb verb) {
        GridChoices grids = usual.method().grids();
        if (bits != null && grids.bits().size() == 1 && !grids.bits().contains(bits)) {
            throw verb.misused("--bits: " + usual.label() + " has " + grids.usualBits() + ", not " + bits);
        }
        if (granularity != null && grids.extent() != Extent.GRANULARITY) {
            throw verb.misused("--granularity: " + usual.label() + " has no choice of what has one scale");
        }
        boolean grouped = grids.extent() == Extent.GROUPS || grids.extent() == Extent.BLOCKS;
        if (groupSize != null && !grouped && groupSize != Quantization.PER_CHANNEL) {
            throw verb.misused("--group-size: " + usual.label() + " has no groups");
        }
    }
}
