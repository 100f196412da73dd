/* SPDX-License-Identifier: MIT */
/*
 * avow_value_t avow__switch(void **from, void *to, avow_value_t v), AAPCS64:
 * the callee must preserve x19 to x30, the low halves of v8 to v15, and FPCR.
 * Setting FPCR is slow, so it is written only if it differs. The value arrives
 * in x2 and x3 and is returned in x0 and x1.
 *
 * With -mbranch-protection, each target of an indirect jump must start with a
 * landing instruction. The switch then ends with a return, whose target is not
 * checked.
 */
#ifdef __ARM_FEATURE_BTI_DEFAULT
#  define LANDING hint #34 /* bti c, which old assemblers do not know */
#  define JUMP    ret
#else
#  define LANDING
#  define JUMP    br
#endif

#ifdef __APPLE__
#  define SYMBOL(name) _##name
#  define HIDDEN(name) .private_extern _##name
#  define TYPE(name)
#  define SIZE(name)
#else
#  define SYMBOL(name) name
#  define HIDDEN(name) .hidden name
#  define TYPE(name)   .type name, %function
#  define SIZE(name)   .size name, . - name
#endif

        .text
        .globl  SYMBOL(avow__switch)
        HIDDEN(avow__switch)
        TYPE(avow__switch)
        .p2align 4
SYMBOL(avow__switch):
        .cfi_startproc
        LANDING
        sub     sp, sp, #176
        .cfi_adjust_cfa_offset 176
        stp     x19, x20, [sp]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mrs     x10, fpcr
        str     x10, [sp, #160]
        mov     x9, sp
        str     x9, [x0]
        mov     sp, x1
        mov     x0, x2
        mov     x1, x3
        ldp     x19, x20, [sp]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        ldp     d8, d9, [sp, #96]
        ldp     d10, d11, [sp, #112]
        ldp     d12, d13, [sp, #128]
        ldp     d14, d15, [sp, #144]
        ldr     x11, [sp, #160]
        cmp     x10, x11
        b.eq    1f
        msr     fpcr, x11
1:      add     sp, sp, #176
        .cfi_adjust_cfa_offset -176
        JUMP    x30
        .cfi_endproc
        SIZE(avow__switch)

        /* void avow__control(void *sp): gives a frame the caller's rounding
           mode */
        .globl  SYMBOL(avow__control)
        HIDDEN(avow__control)
        TYPE(avow__control)
        .p2align 4
SYMBOL(avow__control):
        .cfi_startproc
        LANDING
        mrs     x9, fpcr
        str     x9, [x0, #160]
        ret
        .cfi_endproc
        SIZE(avow__control)

        .globl  SYMBOL(avow__begin)
        HIDDEN(avow__begin)
        TYPE(avow__begin)
        .p2align 4
SYMBOL(avow__begin):
        .cfi_startproc
        LANDING
        .cfi_undefined x30
        blr     x19
        brk     #0
        .cfi_endproc
        SIZE(avow__begin)
#if defined(__ELF__) && defined(__ASSEMBLER__)
#  ifdef __ARM_FEATURE_BTI_DEFAULT
        .section .note.gnu.property, "a"
        .p2align 3
        .word   4, 16, 5 /* name size, data size, NT_GNU_PROPERTY_TYPE_0 */
        .asciz  "GNU"
        .word   0xc0000000, 4, 1, 0 /* FEATURE_1_AND: BTI */
#  endif
        .section .note.GNU-stack, "", %progbits
#endif
