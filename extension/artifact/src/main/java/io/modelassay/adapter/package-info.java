/**
 * PEFT adapters: what is in their folder, what PEFT would look for under their config in a given base model, and how the
 * two agree.
 */
@NullMarked
package io.modelassay.adapter;

import org.jspecify.annotations.NullMarked;
