package io.modelassay.quantization;

import java.util.ArrayList;
import java.util.List;

/**
 * Which modules a quantization is for.
 *
 * @param keep patterns of those that stay as they are
 * @param dynamic rules for those that are left out or have settings of their own, in the order in which they are asked
 * @param head whether the head is quantized, too
 */
record ModuleChoice(List<String> keep, List<DynamicRule> dynamic, boolean head) {
    static final ModuleChoice LAYERS = new ModuleChoice(List.of(), List.of(), false);

    ModuleChoice {
        keep = List.copyOf(keep);
        dynamic = List.copyOf(dynamic);
    }

    ModuleChoice keeping(List<String> patterns) {
        return new ModuleChoice(joined(keep, patterns), dynamic, head);
    }

    ModuleChoice ruled(List<DynamicRule> rules) {
        return new ModuleChoice(keep, DynamicRule.inOrder(joined(dynamic, rules)), head);
    }

    ModuleChoice withHead() {
        return new ModuleChoice(keep, dynamic, true);
    }

    private static <T> List<T> joined(List<T> first, List<T> second) {
        List<T> all = new ArrayList<>(first);
        all.addAll(second);
        return all;
    }

    /** The rules, and behind them the method's own for a head that none of them names. */
    List<DynamicRule> rules(QuantizationMethod method) {
        return head && DynamicRule.first(dynamic, Quantization.HEAD).isEmpty()
                ? joined(dynamic, List.of(headRule(method)))
                : dynamic;
    }

    private static DynamicRule headRule(QuantizationMethod method) {
        return DynamicRule.parse(Quantization.HEAD + "=" + method.headRule());
    }
}
