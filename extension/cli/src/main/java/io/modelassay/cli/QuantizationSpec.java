package io.modelassay.cli;

import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Quantization;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;

/** Reads {@code --quantize}: a method, then after a colon its settings, such as {@code rtn:bits=4,group=128,asym}. */
final class QuantizationSpec implements CommandLine.ITypeConverter<Quantization> {
    private static final String METHODS =
            "rtn:bits=4,group=128[,asym] (group=-1: per channel), hqq:bits=4,group=64, nf4[:double][,block=64], "
                    + "fp4[:double][,block=64], llm-int8, fp8[:tensor|channel|block]; each with [,keep=MODULES]";

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
    private static Quantization quantization(String text, String method, Map<String, String> values) {
        switch (method) {
            case "rtn" -> {
                Quantization rtn =
                        Quantization.rtn(integer(text, values, "bits", 4), integer(text, values, "group", 128));
                return values.remove("asym") == null ? rtn : rtn.asymmetric();
            }
            case "hqq" -> {
                return Quantization.hqq(integer(text, values, "bits", 4), integer(text, values, "group", 64));
            }
            case "nf4", "fp4" -> {
                Quantization plain = method.equals("nf4") ? Quantization.nf4() : Quantization.fp4();
                Quantization blocks = plain.blockSize(integer(text, values, "block", 64));
                return values.remove("double") == null ? blocks : blocks.doubleQuantized();
            }
            case "llm-int8" -> {
                return Quantization.llmInt8();
            }
            case "fp8" -> {
                Granularity found = Granularity.CHANNEL;
                for (Granularity granularity : Granularity.values()) {
                    if (values.remove(granularity.name().toLowerCase(Locale.ROOT)) != null) {
                        found = granularity;
                    }
                }
                return Quantization.fp8(found);
            }
            default -> throw wrong(text, "names no method that is known");
        }
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
        return new CommandLine.TypeConversionException("'" + text + "': " + why + "\nKnown: " + METHODS);
    }
}
