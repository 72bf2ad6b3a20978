package io.modelassay.cli;

import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.GridChoices;
import io.modelassay.quantization.MethodOption;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationMethod;
import io.modelassay.quantization.QuantizationMethods;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine;

/** Reads {@code --quantize}: a method, then after a colon its settings, such as {@code rtn:bits=4,group=128,asym}. */
final class QuantizationSpec implements CommandLine.ITypeConverter<Quantization> {
    @Override
    public Quantization convert(String text) {
        int colon = text.indexOf(':');
        String method = (colon < 0 ? text : text.substring(0, colon)).toLowerCase(Locale.ROOT);
        List<String> settings = colon < 0 || colon == text.length() - 1
                ? List.of()
                : Arrays.asList(text.substring(colon + 1).split(",", -1));
        Map<String, String> values = new TreeMap<>();
        List<String> keep = settings.stream()
                .filter(setting -> setting.startsWith("keep="))
                .map(setting -> setting.substring("keep=".length()))
                .toList();
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (!setting.startsWith("keep=")) {
                String key = equals < 0 ? setting : setting.substring(0, equals);
                if (values.put(key, equals < 0 ? "" : setting.substring(equals + 1)) != null) {
                    throw wrong(text, "gives " + key + " twice");
                }
            }
        }
        try {
            Quantization quantization = quantization(text, method, values);
            if (!values.isEmpty()) {
                throw wrong(text, "has no setting " + String.join(", ", values.keySet()));
            }
            return keep.isEmpty() ? quantization : quantization.keep(keep.toArray(String[]::new));
        } catch (IllegalArgumentException e) {
            throw wrong(text, String.valueOf(e.getMessage()));
        }
    }

    /** Takes the settings it knows out of {@code values}. */
    private static Quantization quantization(String text, String name, Map<String, String> values) {
        QuantizationMethod method = known().filter(candidate -> candidate.name().equals(name))
                .findFirst()
                .orElseThrow(() -> wrong(text, "names no method that is known"));
        GridChoices grids = method.grids();
        Quantization quantization = switch (grids.extent()) {
            case GROUPS ->
                Quantization.of(
                        name,
                        integer(text, values, "bits", grids.usualBits()),
                        integer(text, values, "group", grids.usualSize()));
            case BLOCKS -> Quantization.of(name).blockSize(integer(text, values, "block", grids.usualSize()));
            case ROWS -> Quantization.of(name);
            case GRANULARITY -> Quantization.of(name).granularity(granularity(values));
        };
        if (grids.choosesZero() && values.remove("asym") != null) {
            quantization = quantization.asymmetric();
        }
        if (grids.doubles() && values.remove("double") != null) {
            quantization = quantization.doubleQuantized();
        }
        for (MethodOption option : method.options()) {
            String value = values.remove(option.name());
            quantization = value == null ? quantization : quantization.option(option.name(), value);
        }
        return quantization;
    }

    /** Those whose weights are encoded by themselves. */
    private static Stream<QuantizationMethod> known() {
        return QuantizationMethods.all().stream().filter(method -> !method.needsCalibration());
    }

    private static Granularity granularity(Map<String, String> values) {
        Granularity found = Granularity.CHANNEL;
        for (Granularity granularity : Granularity.values()) {
            if (values.remove(granularity.name().toLowerCase(Locale.ROOT)) != null) {
                found = granularity;
            }
        }
        return found;
    }

    /** How a method and its settings are written. */
    private static String syntax(QuantizationMethod method) {
        GridChoices grids = method.grids();
        return method.name()
                + switch (grids.extent()) {
                    case GROUPS ->
                        ":bits=" + grids.usualBits() + ",group=" + grids.usualSize()
                                + (grids.choosesZero() ? "[,asym]" : "");
                    case BLOCKS -> (grids.doubles() ? "[:double]" : "") + "[,block=" + grids.usualSize() + "]";
                    case ROWS -> "";
                    case GRANULARITY -> "[:tensor|channel|block]";
                };
    }

    private static int integer(String text, Map<String, String> values, String key, int fallback) {
        String value = values.remove(key);
        try {
            return value == null ? fallback : Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw wrong(text, key + "=" + value + " is no integer");
        }
    }

    private static CommandLine.TypeConversionException wrong(String text, String why) {
        return new CommandLine.TypeConversionException("'" + text + "': " + why + "\nKnown: "
                + known().map(QuantizationSpec::syntax).collect(Collectors.joining(", "))
                + "; group=-1: per channel; each with [,keep=MODULES]");
    }
}
