package io.modelassay.own;

import io.modelassay.quantization.CodeKind;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.GridChoices;
import io.modelassay.quantization.MethodOption;
import io.modelassay.quantization.MethodSettings;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationMethod;
import io.modelassay.quantization.ToolArithmetic;
import java.util.List;
import java.util.Map;

/** A method of a team's own, all in this file: round to nearest with 2, 3 or 5 bits, in groups or in whole rows. */
public final class LowBits implements QuantizationMethod {
    /** @param wholeRows whether a row is one group, whatever size is asked for */
    record Settings(boolean wholeRows) implements MethodSettings {
        @Override
        public String method() {
            return "low-bits";
        }
    }

    @Override
    public String name() {
        return "low-bits";
    }

    @Override
    public GridChoices grids() {
        return GridChoices.groupsOf(64).bits(3, List.of(2, 3, 5));
    }

    @Override
    public CodeKind codes() {
        return CodeKind.INTEGER;
    }

    @Override
    public MethodSettings settings() {
        return new Settings(false);
    }

    @Override
    public List<MethodOption> options() {
        return List.of(MethodOption.flag(
                Settings.class, "whole-rows", "low-bits: one group for each row.", settings -> new Settings(true)));
    }

    @Override
    public Codec codec(Quantization quantization) {
        return new Codec("rtn.py", options(quantization));
    }

    @Override
    public Codec storedCodec(Quantization quantization) {
        return new Codec(List.of("uniform.py", "grid_codec.py"), options(quantization));
    }

    private static Map<String, Long> options(Quantization quantization) {
        boolean wholeRows = quantization.settings().equals(new Settings(true));
        return Map.of(
                "bits", (long) quantization.bits(),
                "group", wholeRows ? -1L : quantization.groupSize(),
                "symmetric", quantization.symmetric() ? 1L : 0L);
    }

    @Override
    public List<String> formats() {
        return List.of("pack-quantized");
    }

    @Override
    public ToolArithmetic arithmetic(Quantization quantization) {
        return ToolArithmetic.ROUND_TO_NEAREST;
    }

    @Override
    public List<ToolArithmetic> arithmetics() {
        return List.of(ToolArithmetic.ROUND_TO_NEAREST);
    }
}
