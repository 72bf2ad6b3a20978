package io.modelassay.adapter;

import org.apiguardian.api.API;

/**
 * How versions of PEFT differ in the tensors that they make.
 *
 * @param experts how the base's experts are held
 * @param sides which side of a stack is the input's
 * @param tiesTargets whether {@code ensure_weight_tying} ties the adapters of targeted modules
 * @param tiesSaved whether it ties modules that are stored whole
 * @param tiesAlways whether head and embedding count as one even where the base has both
 */
@API(status = API.Status.INTERNAL)
public record LayoutRules(
        ExpertLayout experts, StackSides sides, boolean tiesTargets, boolean tiesSaved, boolean tiesAlways) {
    /** The newest known PEFT beside transformers 5. */
    public static final LayoutRules PRESENT =
            new LayoutRules(ExpertLayout.STACKED, StackSides.BY_ANY_CLASS, true, true, false);

    /** Which side of a stack of experts PEFT takes for the input's. */
    public enum StackSides {
        /** {@code [experts, in, out]}, before PEFT 0.19. */
        INPUTS_FIRST,
        /** {@code [experts, out, in]} unless the class that transformers gives the experts says otherwise. */
        BY_CLASS,
        /** The same, and a class of transformers 4 may stand for that of 5, which says what that of 4 did not. */
        BY_ANY_CLASS
    }
}
